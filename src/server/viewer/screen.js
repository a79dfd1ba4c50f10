import { protocolsFor, socketAt } from './address.js'
import RFB from './novnc/core/rfb.js'

const retryDelay = 1000
// What a still picture takes: the first whole picture comes at once, and a guest may be about to draw.
const glance = 1500

/**
 * A machine's screen in an element. It connects again by itself, as a restore puts another machine in the place of one,
 * and its last picture stays while there is no other.
 */
export class Screen {
  #target
  #lease
  #set
  #rfb
  #wanted = false
  #timer

  /** `set(rfb)` is called with each new connection, before it is made. */
  constructor(target, lease, set) {
    this.#target = target
    this.#lease = lease
    this.#set = set
  }

  /** The connection that there is at this moment. */
  get rfb() {
    return this.#rfb
  }

  get canvas() {
    return this.#target.querySelector('canvas')
  }

  /** Shows the screen as it is, from now on. */
  start() {
    if (!this.#wanted) {
      this.#wanted = true
      clearTimeout(this.#timer)
      if (this.#rfb === undefined) {
        this.#connect()
      }
    }
  }

  /** Leaves the last picture. */
  stop() {
    this.#wanted = false
    clearTimeout(this.#timer)
    this.#rfb?.disconnect()
  }

  /** Shows the screen as it is at this moment. */
  glance() {
    this.start()
    this.#timer = setTimeout(() => this.stop(), glance)
  }

  #connect() {
    const rfb = new RFB(this.#target, socketAt(`/v1/vnc/${this.#lease}`), { wsProtocols: protocolsFor('osrun.vnc') })
    const canvas = this.#target.lastElementChild.querySelector('canvas')
    this.#rfb = rfb
    this.#set(rfb, canvas)
    let shown = false
    rfb.addEventListener('connect', () => {
      shown = true
      // The pointer, which noVNC draws beside the page where there is no mouse.
      document.querySelector('body > canvas:not([aria-hidden])')?.setAttribute('aria-hidden', 'true')
      this.#target.querySelector('.last')?.remove()
      this.#target.dataset.shown = 'live'
    })
    rfb.addEventListener('disconnect', () => {
      this.#rfb = undefined
      if (shown) {
        this.#keep(canvas)
      }
      if (this.#wanted) {
        this.#timer = setTimeout(() => this.#connect(), retryDelay)
      }
    })
  }

  #keep(canvas) {
    canvas.className = 'last'
    canvas.removeAttribute('tabindex')
    canvas.removeAttribute('style')
    this.#target.append(canvas)
    this.#target.dataset.shown = 'last'
  }
}
