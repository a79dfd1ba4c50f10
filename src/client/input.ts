import { OsrunError } from '../protocol/errors.ts'
import { decodeJson, frameType } from '../protocol/frames.ts'
import type { Ask } from './ask.ts'
import { atSite, callSite } from './call-site.ts'
import { GuestStream } from './guest-stream.ts'
import { chordOf, chordsOf } from './key-names.ts'
import { printable } from './printable.ts'
import type { Streams } from './streams.ts'

/** The machine's keyboard. Keys go to whatever has the focus, as a person's would. */
export interface Keyboard {
  /**
   * Types text. Characters of a US keyboard are pressed on the machine's keyboard, for which the guest must have the US
   * layout; text with any other character comes to the focused window as characters.
   * @throws OsrunError BAD_OPTION, MACHINE_UNRESPONSIVE, ...
   */
  type(text: string): Promise<void>
  /**
   * Presses keys together: `Enter`, `F5`, `Control+A`, `Alt+F4`. Names as browsers have them, in any case.
   * @throws OsrunError BAD_OPTION naming a key that is not known
   */
  press(keys: string): Promise<void>
}

/** How a button is pressed. */
export interface ClickOptions {
  /** Default `left`. */
  readonly button?: 'left' | 'right' | 'middle'
  /** 2 is a double click. 1 to 3, default 1. */
  readonly count?: 1 | 2 | 3
}

/** The machine's pointer. Places are pixels of the screenshot, from the upper left corner. */
export interface Mouse {
  /** @throws OsrunError BAD_OPTION for a place outside of the screen */
  move(x: number, y: number): Promise<void>
  /** Moves there and presses. @throws OsrunError BAD_OPTION for a place outside of the screen */
  click(x: number, y: number, options?: ClickOptions): Promise<void>
}

// What the machine room takes at once; more is sent in parts.
const mostChords = 500

/** @param onUse called with each use */
export function createKeyboard(ask: Ask, streams: Streams, onUse: () => void): Keyboard {
  async function type(text: string): Promise<void> {
    const site = callSite(type)
    await atSite(site, async () => {
      onUse()
      if (typeof text !== 'string') {
        throw new OsrunError('BAD_OPTION', `Expected a text to type, got ${typeof text}`)
      }
      const chords = chordsOf(text)
      if (chords === undefined) {
        await typeCharacters(streams, text)
        return
      }
      for (let index = 0; index < chords.length; index += mostChords) {
        const part = chords.slice(index, index + mostChords)
        await ask('keyboard', { keys: part.map((chord) => [...chord]) }, site)
      }
    })
  }

  async function press(keys: string): Promise<void> {
    const site = callSite(press)
    onUse()
    await atSite(site, () => ask('keyboard', { keys: [[...chordOf(String(keys))]] }, site))
  }

  return { type, press }
}

/** @param onUse called with each use */
export function createMouse(ask: Ask, onUse: () => void): Mouse {
  async function move(x: number, y: number): Promise<void> {
    const site = callSite(move)
    onUse()
    await atSite(site, () => ask('mouse', { x: pixel('x', x), y: pixel('y', y) }, site))
  }

  async function click(x: number, y: number, { button = 'left', count = 1 }: ClickOptions = {}): Promise<void> {
    const site = callSite(click)
    onUse()
    await atSite(site, () => ask('mouse', { x: pixel('x', x), y: pixel('y', y), press: { button, count } }, site))
  }

  return { move, click }
}

// A frame's payload is bounded; text this long is typed in parts.
const longestPart = 4096

async function typeCharacters(streams: Streams, text: string): Promise<void> {
  const characters = [...text]
  for (let index = 0; index < characters.length; index += longestPart) {
    await streams.ready()
    await typePart(streams, characters.slice(index, index + longestPart).join(''))
  }
}

function typePart(streams: Streams, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = new GuestStream(
      streams,
      frameType.type,
      { text },
      {
        control({ type, payload }) {
          if (type === frameType.done) {
            stream.close()
            resolve()
          } else if (type === frameType.error) {
            stream.close()
            const { message } = decodeJson(payload)
            reject(new OsrunError('MACHINE_UNRESPONSIVE', `The guest could not type: ${printable(String(message))}`))
          }
        },
        lose: reject,
        breach: reject,
      },
    )
  })
}

function pixel(name: string, value: number): number {
  if (!Number.isFinite(value)) {
    throw new OsrunError('BAD_OPTION', `Expected \`${name}\` to be a number of pixels, got ${value}`)
  }
  return Math.round(value)
}
