import { type Desktop, type DesktopWindow, findBlockingDialog } from './desktop.ts'

/** A dialog that holds a command up. */
export interface OpenDialog {
  readonly window: DesktopWindow
  /** The screen with it, a PNG; undefined where it could not be had. */
  readonly picture: Uint8Array | undefined
}

/** When the desktop is looked at while a command waits; milliseconds. */
export interface WatchPace {
  /** After its start. */
  readonly first: number
  /** After a dialog was seen, whether it is still there. */
  readonly again: number
  /** Between two looks at most; the pauses grow up to it. */
  readonly most: number
}

// Under software emulation a look takes the guest a second or two, in which the command stands still.
const defaultPace: WatchPace = { first: 5000, again: 3000, most: 30_000 }
/** A machine's desktop, looked at while commands wait: a command that takes less than the first pause costs nothing. */
export class DialogWatch {
  readonly #look: () => Promise<Desktop>
  readonly #takePicture: () => Promise<Uint8Array>
  readonly #pace: WatchPace
  #looking: Promise<Desktop> | undefined
  #uses = 0

  constructor(
    look: () => Promise<Desktop>,
    takePicture: () => Promise<Uint8Array>,
    pace: WatchPace | undefined = defaultPace,
  ) {
    this.#look = look
    this.#takePicture = takePicture
    this.#pace = pace
  }

  /** Whoever runs the commands looks at the screen or uses it: what is open there now is that one's own matter. */
  noteUse(): void {
    this.#uses += 1
  }

  /**
   * Watches while a command runs.
   * @param pid its process; nothing is watched where it does not start
   * @param onDialog called once, when the same dialog of it was seen in two looks, and nobody used the screen meanwhile
   * @returns the end of the watch; resolves when a look that it has begun is over, which is a stream of its own
   */
  watch(pid: Promise<number>, onDialog: (dialog: OpenDialog) => void): () => Promise<void> {
    const { first, again, most } = this.#pace
    pid.catch(() => {})
    const uses = this.#uses
    let timer: NodeJS.Timeout
    let under: Promise<void> | undefined
    let over = false
    let pause = Math.min(first * 2, most)
    let before: string | undefined
    const wanted = () => !over && this.#uses === uses

    const look = async (): Promise<void> => {
      const root = await pid
      const desktop = wanted() ? await this.#lookOnce().catch(() => undefined) : undefined
      const window = desktop && findBlockingDialog(desktop, root)
      const now = window && identify(window)
      if (window !== undefined && now === before) {
        const picture = await this.#takePicture().catch(() => undefined)
        if (wanted()) {
          onDialog({ window, picture })
        }
        return
      }
      before = now
      if (wanted()) {
        timer = setTimeout(start, now === undefined ? pause : again)
        pause = Math.min(pause * 2, most)
      }
    }
    const start = () => {
      under = look().catch(() => {})
    }
    timer = setTimeout(start, first)
    return async () => {
      over = true
      clearTimeout(timer)
      await under
    }
  }

  /** Commands that wait at the same time share one look. */
  #lookOnce(): Promise<Desktop> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }
}

/** Changes when the dialog does, as one does that tells how far its program is. */
function identify({ handle, pid, title, text, buttons }: DesktopWindow): string {
  return JSON.stringify([handle, pid, title, text, buttons])
}
