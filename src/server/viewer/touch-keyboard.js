// What there is to delete, where the guest has text that the field does not know of.
const padding = ' '.repeat(32)
const mostKept = 500

/**
 * The keyboard of a phone: it opens for a field that has the focus, and says only what is in the field then, not which key
 * was pressed. `type(text)` is called with what to type in the guest, `\b` where a character is deleted, and again when it
 * has resolved: what came meanwhile goes there as one. It never rejects.
 */
export class TouchKeyboard {
  #field
  #type
  #before = padding
  #waiting = ''
  #busy = false

  constructor(button, field, type) {
    this.#field = field
    this.#type = type
    // A press on the button does not take the focus, and the keyboard, away.
    button.addEventListener('mousedown', (event) => event.preventDefault())
    button.addEventListener('click', () => (this.isOpen ? field.blur() : field.focus({ preventScroll: true })))
    field.addEventListener('focus', () => {
      this.#clear()
      button.setAttribute('aria-pressed', 'true')
    })
    field.addEventListener('blur', () => button.setAttribute('aria-pressed', 'false'))
    field.addEventListener('input', (event) => this.#read(event.isComposing))
    field.addEventListener('compositionend', () => this.#read(false))
  }

  get isOpen() {
    return document.activeElement === this.#field
  }

  #read(composing) {
    this.#waiting += difference(this.#before, this.#field.value)
    this.#before = this.#field.value
    // A word that is being composed would be lost.
    if (!composing && (this.#before.length < padding.length / 2 || this.#before.length > mostKept)) {
      this.#clear()
    }
    this.#send()
  }

  async #send() {
    if (this.#busy) {
      return
    }
    this.#busy = true
    while (this.#waiting !== '') {
      const text = this.#waiting
      this.#waiting = ''
      await this.#type(text)
    }
    this.#busy = false
  }

  #clear() {
    this.#before = padding
    this.#field.value = padding
    this.#field.setSelectionRange(padding.length, padding.length)
  }
}

/** What to type behind `before` to come to `now`. */
function difference(before, now) {
  const old = [...before]
  const next = [...now]
  let same = 0
  while (same < old.length && same < next.length && old[same] === next[same]) {
    same += 1
  }
  return '\b'.repeat(old.length - same) + next.slice(same).join('')
}
