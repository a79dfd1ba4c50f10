import { add } from './elements.js'

const control = [0xffe3, 'ControlLeft']
const alt = [0xffe9, 'AltLeft']
const chords = [
  ['Ctrl+Alt+Del', control, alt, [0xffff, 'Delete']],
  ['Esc', [0xff1b, 'Escape']],
  ['Tab', [0xff09, 'Tab']],
  ['Enter', [0xff0d, 'Enter']],
  ['Windows', [0xffeb, 'MetaLeft']],
  ['Alt+Tab', alt, [0xff09, 'Tab']],
  ['Alt+F4', alt, [0xffc1, 'F4']],
  ['Ctrl+C', control, [0x0063, 'KeyC']],
]

/** A button for each of the keys that a browser keeps for itself, or a phone does not have. */
export function addKeys(group, connection) {
  for (const [name, ...keys] of chords) {
    const button = add(group, 'button')
    button.type = 'button'
    button.textContent = name
    button.addEventListener('click', () => press(connection(), keys))
  }
}

/** What leaves the machine's screen by keyboard. */
export function leavesMachine({ ctrlKey, altKey, code }) {
  return ctrlKey && altKey && code === 'KeyM'
}

/** noVNC lets go of all keys when the window loses the focus, but not when the screen does. */
export function releaseKeys() {
  dispatchEvent(new Event('blur'))
}

function press(rfb, keys) {
  for (const [keysym, code] of keys) {
    rfb?.sendKey(keysym, code, true)
  }
  for (const [keysym, code] of keys.toReversed()) {
    rfb?.sendKey(keysym, code, false)
  }
}
