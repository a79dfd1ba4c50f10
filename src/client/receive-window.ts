import { initialWindow } from '../protocol/frames.ts'

// What a channel that carries a lot may have on its way: enough that its sender need not wait for our grants.
const largestWindow = 4 * initialWindow

/** What the sender of a channel may still send, and what is to be granted next. */
export class ReceiveWindow {
  #window = initialWindow
  #credit = initialWindow
  #consumed = 0

  take(length: number): void {
    this.#credit -= length
    if (this.#credit < 0) {
      throw new Error(`${-this.#credit} bytes of output more than were granted`)
    }
  }

  /**
   * The bytes to grant now; 0 as long as a grant would be small, since one WINDOW frame for each piece of output would
   * double the frames.
   */
  give(length: number): number {
    this.#consumed += length
    if (this.#consumed < this.#window / 4) {
      return 0
    }
    const add = this.#consumed + largestWindow - this.#window
    this.#window = largestWindow
    this.#consumed = 0
    this.#credit += add
    return add
  }
}
