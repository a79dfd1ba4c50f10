import { pageAt } from './address.js'
import { add, say } from './elements.js'
import { Facts } from './facts.js'
import { Screen } from './screen.js'
import { duration, stateInWords } from './words.js'

/** One machine of the overview: a link to its page, with its picture and what is known of it. */
export class Tile {
  element = document.createElement('li')
  /** It is on the visible part of the page. */
  inView = false
  #label
  #state
  #facts
  #screen
  #last

  constructor({ id }) {
    this.element.className = 'tile'
    this.element.dataset.machine = id
    const picture = add(this.element, 'div', 'picture')
    picture.setAttribute('aria-hidden', 'true')
    const heading = add(this.element, 'h2')
    this.#label = add(heading, 'a')
    this.#label.href = pageAt(`/machines/${id}`)
    this.#state = add(this.element, 'p', 'state')
    this.#facts = new Facts(add(this.element, 'dl'))
    this.#screen = new Screen(picture, id, (rfb) => {
      rfb.viewOnly = true
      rfb.focusOnClick = false
      rfb.scaleViewport = true
      rfb.background = 'transparent'
    })
  }

  /** Shows what is known, and the picture `live` or as it was when the last command began or ended. */
  show(lease, now, live) {
    const { id, label, state, since, command } = lease
    this.element.dataset.state = state
    say(this.#label, label)
    say(this.#state, `${stateInWords(state)}, ${id}, ${duration(now - since)}`)
    this.#facts.show(lease, now)
    const moment = `${id} ${state} ${command?.startedAt} ${command?.endedAt}`
    if (!this.inView) {
      this.stop()
    } else if (live) {
      this.#screen.start()
    } else if (this.#last !== moment) {
      this.#screen.glance()
    }
    this.#last = this.inView ? moment : undefined
  }

  stop() {
    this.#screen.stop()
  }
}
