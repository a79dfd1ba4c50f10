import { initialWindow } from '../protocol/frames.ts'

// Credit is given back in steps: one WINDOW frame for each piece of output would double the frames.
const grantStep = initialWindow / 4

/** What the sender of a channel may still send, and what is to be granted next. */
export class ReceiveWindow {
  #credit = initialWindow
  #consumed = 0

  take(length: number): void {
    this.#credit -= length
    if (this.#credit < 0) {
      throw new Error(`${-this.#credit} bytes of output more than were granted`)
    }
  }

  /** The bytes to grant now; 0 as long as a grant would be small. */
  give(length: number): number {
    this.#consumed += length
    if (this.#consumed < grantStep) {
      return 0
    }
    const add = this.#consumed
    this.#consumed = 0
    this.#credit += add
    return add
  }
}
