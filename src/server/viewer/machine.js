import { pageAt } from './address.js'
import { say, sayOrHide } from './elements.js'
import { Facts } from './facts.js'
import { addKeys, leavesMachine, releaseKeys } from './keys.js'
import { Screen } from './screen.js'
import { TouchKeyboard } from './touch-keyboard.js'
import { Watch } from './watch.js'
import { duration, stateInWords } from './words.js'

const at = (id) => document.getElementById(id)
const id = location.pathname.split('/').at(-1)
const facts = new Facts(at('facts'))
let lease
let known = false
let gone = false
let scaled = true
// Why the keyboard's last text has not come to the guest.
let untyped

const screen = new Screen(at('screen'), id, (rfb, canvas) => {
  rfb.scaleViewport = scaled
  rfb.background = 'transparent'
  tapsGoOn(rfb)
  canvas.tabIndex = 0
  canvas.setAttribute('role', 'application')
  canvas.setAttribute('aria-label', `Screen of machine ${id}`)
  canvas.setAttribute('aria-describedby', 'hint')
  canvas.addEventListener('blur', releaseKeys)
  rfb.addEventListener('connect', () => {
    // Nobody is taken away from where he works.
    if (document.activeElement === document.body) {
      rfb.focus({ preventScroll: true })
    }
  })
})

const keyboard = new TouchKeyboard(at('keyboard'), at('touch-text'), typeThere)
const watch = new Watch({
  status({ leases }) {
    lease = leases.find((each) => each.id === id)
    sayOrHide(at('trouble'), lease === undefined ? departure() : untyped)
    if (lease === undefined) {
      leave()
    } else {
      known = true
      screen.start()
    }
    show()
  },
  trouble(text) {
    sayOrHide(at('trouble'), gone ? departure() : text)
    screen.stop()
  },
})

at('back').href = pageAt('/')
at('fit').addEventListener('click', () => scale(true))
at('full-size').addEventListener('click', () => scale(false))
at('full-screen').addEventListener('click', () => at('screen').requestFullscreen())
at('picture').addEventListener('click', savePicture)
at('typing').addEventListener('submit', type)
at('put').addEventListener('click', putIntoClipboard)
at('copy').addEventListener('click', copyFromClipboard)
for (const event of ['focus', 'blur']) {
  at('touch-text').addEventListener(event, () => tapsGoOn(screen.rfb))
}
addKeys(at('keys'), () => screen.rfb)
addEventListener('keydown', leaveByKey, { capture: true })
setInterval(show, 1000)

function show() {
  if (lease === undefined) {
    return
  }
  const { label, state, since } = lease
  document.title = `${label} – ${id} – osrun`
  say(at('label'), label)
  say(at('state'), `${stateInWords(state)}, ${id}, ${duration(watch.now() - since)}`)
  // Without the time, which would be read out each second.
  say(at('news'), `Machine ${id}: ${stateInWords(state)}`)
  facts.show(lease, watch.now())
}

function departure() {
  return known
    ? `Machine ${id} has ended: it was given back, and nothing of it is left. This is its last picture.`
    : `There is no machine ${id}: it has ended, or never was.`
}

// A lease's number is not given again.
function leave() {
  gone = true
  screen.stop()
  say(at('state'), 'ended')
  for (const control of document.querySelectorAll('#keyboard, #typing button, #copying button, #keys button')) {
    control.disabled = true
  }
}

function scale(fit) {
  scaled = fit
  at('fit').setAttribute('aria-pressed', String(fit))
  at('full-size').setAttribute('aria-pressed', String(!fit))
  at('screen').classList.toggle('full-size', !fit)
  if (screen.rfb !== undefined) {
    screen.rfb.scaleViewport = fit
  }
}

function savePicture() {
  screen.canvas?.toBlob((png) => {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(png)
    link.download = `osrun-${id}-${new Date().toISOString().replaceAll(':', '-').slice(0, 19)}.png`
    link.click()
    URL.revokeObjectURL(link.href)
  })
}

function type(event) {
  event.preventDefault()
  return giveText('type', 'Typing…', (count) => `${count} characters were typed.`)
}

function putIntoClipboard() {
  if (at('typing').reportValidity()) {
    giveText('set-clipboard', 'Putting…', (count) => `${count} characters are in the guest’s clipboard.`)
  }
}

async function giveText(method, doing, done) {
  const text = at('text').value
  say(at('typed'), doing)
  try {
    await watch.ask(method, { machine: id, text })
    at('text').value = ''
    say(at('typed'), done([...text].length))
  } catch (error) {
    say(at('typed'), error.message)
  }
}

// A tap in the guest's window does not close the keyboard that types into it.
function tapsGoOn(rfb) {
  if (rfb !== undefined) {
    rfb.focusOnClick = !keyboard.isOpen
  }
}

async function typeThere(text) {
  try {
    await watch.ask('type', { machine: id, text })
    untyped = undefined
  } catch (error) {
    untyped = `What was typed did not reach the machine: ${error.message}`
  }
  if (lease !== undefined) {
    sayOrHide(at('trouble'), untyped)
  }
}

async function copyFromClipboard() {
  say(at('copied'), 'Copying…')
  try {
    const { text } = await watch.ask('clipboard', { machine: id })
    at('copied-text').value = text
    say(at('copied'), text === '' ? 'There is no text in it.' : await copiedInWords(text))
  } catch (error) {
    say(at('copied'), error.message)
  }
}

async function copiedInWords(text) {
  const count = `${[...text].length} characters`
  try {
    await navigator.clipboard.writeText(text)
    return `${count} were copied.`
  } catch {
    // Of a page that is not from this computer, or where a person said no.
    return `${count}, which this browser does not let be copied: select them above.`
  }
}

// The machine takes every key, Tab too: without this, nobody would get out by keyboard.
function leaveByKey(event) {
  if (leavesMachine(event) && document.activeElement === screen.canvas) {
    event.preventDefault()
    event.stopImmediatePropagation()
    releaseKeys()
    at('fit').focus()
  }
}
