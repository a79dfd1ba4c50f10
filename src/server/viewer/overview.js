import { add, say, sayOrHide } from './elements.js'
import { Tile } from './tile.js'
import { Watch } from './watch.js'
import { count, duration, snapshotName, stateInWords } from './words.js'

const at = (id) => document.getElementById(id)
const tiles = new Map()
const liveKey = 'osrun.live'
// Changes that come together are read out as one.
const newsDelay = 2000
let live = localStorage.getItem(liveKey) ?? (matchMedia('(prefers-reduced-motion: reduce)').matches ? 'no' : 'yes')
let status
let news
let newsTimer

const inView = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const tile = tiles.get(target.dataset.machine)
    if (tile !== undefined) {
      tile.inView = isIntersecting
    }
  }
  show()
})

const watch = new Watch({
  status(next) {
    status = next
    document.body.dataset.stale = 'no'
    sayOrHide(at('trouble'), undefined)
    show()
  },
  trouble(text) {
    document.body.dataset.stale = 'yes'
    sayOrHide(at('trouble'), text)
    say(at('summary'), 'Not connected')
    for (const tile of tiles.values()) {
      tile.stop()
    }
  },
})

at('live').addEventListener('click', () => {
  live = live === 'yes' ? 'no' : 'yes'
  localStorage.setItem(liveKey, live)
  for (const tile of tiles.values()) {
    tile.stop()
  }
  show()
})
document.addEventListener('visibilitychange', show)
setInterval(show, 1000)

function show() {
  at('live').setAttribute('aria-pressed', String(live === 'yes'))
  if (status === undefined || document.body.dataset.stale === 'yes') {
    return
  }
  const { leases, requests, standbys, capacity, accelerator } = status
  showTiles(leases)
  showRequests(requests)
  const machines = count(leases.length, 'machine', 'machines')
  say(at('summary'), `${machines} in use, ${count(capacity, 'place', 'places')}, accelerator ${accelerator}`)
  say(at('standbys'), standbysInWords(standbys))
  at('empty').hidden = leases.length > 0 || requests.length > 0
  document.title = `${machines} – osrun`
  announce(`${machines} in use`)
}

function showTiles(leases) {
  for (const [id, tile] of tiles) {
    if (!leases.some((lease) => lease.id === id)) {
      remove(id, tile)
    }
  }
  for (const lease of leases) {
    let tile = tiles.get(lease.id)
    if (tile === undefined) {
      tile = new Tile(lease)
      tiles.set(lease.id, tile)
      at('machines').append(tile.element)
      inView.observe(tile.element)
    }
    if (document.hidden) {
      tile.stop()
    } else {
      tile.show(lease, watch.now(), live === 'yes')
    }
  }
}

// Who moves by keyboard stays where he was when the machine under his focus goes.
function remove(id, tile) {
  const next = tile.element.nextElementSibling ?? tile.element.previousElementSibling
  if (tile.element.contains(document.activeElement)) {
    const heir = next?.querySelector('a') ?? at('live')
    heir.focus()
  }
  inView.unobserve(tile.element)
  tile.stop()
  tile.element.remove()
  tiles.delete(id)
}

function showRequests(requests) {
  at('waiting').hidden = requests.length === 0
  const list = at('requests')
  while (list.children.length > requests.length) {
    list.lastElementChild.remove()
  }
  for (const [index, request] of requests.entries()) {
    say(list.children[index] ?? add(list, 'li'), requestInWords(request))
  }
}

function requestInWords({ label, guest, snapshot, state, phase, percent, since }) {
  const what = snapshot === undefined ? `guest ${guest}` : `${label} (${guest}, ${snapshotName(snapshot)})`
  const doing = phase === undefined ? stateInWords(state) : phase
  const part = percent === undefined ? '' : `, ${Math.floor(percent)}%`
  return `${what}: ${doing}${part}, ${duration(watch.now() - since)}`
}

function standbysInWords(standbys) {
  if (standbys.length === 0) {
    return ''
  }
  const memory = standbys.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0)
  const names = [...new Set(standbys.map(({ guest, snapshot }) => `${snapshotName(snapshot)} (${guest})`))]
  return `${count(standbys.length, 'machine stands', 'machines stand')} by, restored ahead: ${names.join(', ')}; ${memory} MiB`
}

function announce(text) {
  if (text !== news) {
    news = text
    clearTimeout(newsTimer)
    newsTimer = setTimeout(() => say(at('news'), text), newsDelay)
  }
}
