import { setTimeout as delay } from 'node:timers/promises'
import { OsrunError } from '../protocol/errors.ts'
import type { Parameters } from '../protocol/messages.ts'
import type { Machine } from './machine.ts'
import { screenSize } from './screenshot.ts'

/** Milliseconds from one pointer event to the next: the guest fetches one at a time, as with the keyboard. */
const pointerPace = 25
/** The tablet's axes go from 0 to 32767 over the whole screen, whatever its size. */
const axis = 32_768

/**
 * The middle of a pixel on an axis of the tablet: rounding on the guest's side cannot make it the pixel beside.
 * @param size pixels of the screen in that direction
 */
export function onAxis(pixel: number, size: number): number {
  return Math.floor(((pixel + 0.5) * axis) / size)
}

/**
 * Moves the pointer to a pixel of the screenshot and presses there, so quickly that two presses are a double click.
 * @throws OsrunError BAD_OPTION for a point that is not on the screen
 */
export async function moveMouse(machine: Machine, { x, y, press }: Parameters<'mouse'>): Promise<void> {
  const { width, height } = await screenSize(machine)
  if (x < 0 || y < 0 || x >= width || y >= height) {
    throw new OsrunError(
      'BAD_OPTION',
      `Expected a point of the screen, which has ${width} x ${height} pixels counted from 0, got (${x}, ${y}).`,
    )
  }
  const send = async (events: readonly object[]) => {
    await machine.qemu.qmp.execute('input-send-event', { events })
    await delay(pointerPace)
  }
  await send([
    { type: 'abs', data: { axis: 'x', value: onAxis(x, width) } },
    { type: 'abs', data: { axis: 'y', value: onAxis(y, height) } },
  ])
  for (let presses = 0; press !== undefined && presses < press.count; presses += 1) {
    await send([{ type: 'btn', data: { button: press.button, down: true } }])
    await send([{ type: 'btn', data: { button: press.button, down: false } }])
  }
}
