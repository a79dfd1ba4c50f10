import * as v from 'valibot'
import { OsrunError } from '../protocol/errors.ts'

/** A window that is seen on the guest's desktop. */
export interface WindowInfo {
  readonly title: string
  /** What Windows calls its kind: `Notepad`, `#32770` for a dialog. */
  readonly className: string
  /** Its program: `notepad.exe`. */
  readonly program: string
  /** Of that program's process. */
  readonly pid: number
  /** Pixels of the screenshot, from the upper left corner. */
  readonly x: number
  /** As `x`. */
  readonly y: number
  /** Pixels. */
  readonly width: number
  /** Pixels. */
  readonly height: number
  /** It takes keys and clicks; false while another window of its program has to be answered first. */
  readonly enabled: boolean
  /** It has the keyboard. */
  readonly focused: boolean
  /** A dialog that its program wants answered before it goes on. */
  readonly modal: boolean
  /** What a modal window says, a line for each of its parts; empty for others. */
  readonly text: string
  /** What is written on the buttons of a modal window that can be pressed; empty for others. */
  readonly buttons: readonly string[]
}

/** A window, with what is not for users. */
export interface DesktopWindow extends WindowInfo {
  /** Names it among all windows. */
  readonly handle: number
  /** Something in it shows that its program works. */
  readonly showsProgress: boolean
}

/** A process, by whom it was started. */
export interface DesktopProcess {
  readonly parent: number
  readonly program: string
  /** Milliseconds since 1970 on the guest's clock; 0 where it is not told. */
  readonly started: number
}

/** What is on the guest's desktop at one moment. */
export interface Desktop {
  readonly windows: readonly DesktopWindow[]
  readonly processes: ReadonlyMap<number, DesktopProcess>
}

const integer = v.pipe(v.number(), v.integer())
const processLine = v.object({ process: integer, parent: integer, image: v.string(), started: integer })
const windowLine = v.object({
  ...{ window: integer, pid: integer, class: v.string(), title: v.string() },
  ...{ x: integer, y: integer, width: integer, height: integer },
  ...{ enabled: v.boolean(), focused: v.boolean(), modal: v.boolean() },
})
const partLine = v.object({
  part: v.picklist(['text', 'edit', 'button', 'progress']),
  text: v.string(),
  enabled: v.boolean(),
})
const line = v.pipe(v.string(), v.parseJson(), v.union([processLine, windowLine, partLine]))

type Part = v.InferOutput<typeof partLine>

/**
 * Reads what the agent tells of the desktop, a JSON object a line: processes, and windows, each with its parts after it.
 * @throws OsrunError AGENT_PROTOCOL
 */
export function parseDesktop(output: string): Desktop {
  const processes = new Map<number, DesktopProcess>()
  const found: { window: v.InferOutput<typeof windowLine>; parts: Part[] }[] = []
  for (const text of output.split('\n').filter((each) => each !== '')) {
    const { success, output: told } = v.safeParse(line, text)
    if (!success) {
      throw new OsrunError('AGENT_PROTOCOL', `The guest's agent told oddly of its windows: ${text.slice(0, 200)}`)
    }
    if ('process' in told) {
      processes.set(told.process, { parent: told.parent, program: told.image, started: told.started })
    } else if ('window' in told) {
      found.push({ window: told, parts: [] })
    } else {
      found.at(-1)?.parts.push(told)
    }
  }
  const windows = found.map(({ window: { window: handle, class: className, ...rest }, parts }) => ({
    ...{ ...rest, handle, className, program: processes.get(rest.pid)?.program ?? '' },
    text: textOf(parts),
    buttons: parts.filter(({ part, enabled }) => part === 'button' && enabled).map(({ text }) => labelOf(text)),
    showsProgress: parts.some(({ part }) => part === 'progress'),
  }))
  return { windows, processes }
}

/** True where the process is `root`, or was started by it or by one that it started. */
export function descendsFrom({ processes }: Pick<Desktop, 'processes'>, pid: number, root: number): boolean {
  let at = pid
  for (let generations = 0; at !== root && generations < processes.size; generations += 1) {
    const process = processes.get(at)
    const parent = process && processes.get(process.parent)
    // A number is used again: the parent may have ended, and a younger process have its number.
    if (process === undefined || parent === undefined || (process.started > 0 && parent.started > process.started)) {
      return false
    }
    at = process.parent
  }
  return at === root
}

/** The dialog that a process, or one that descends from it, wants answered by a person. */
export function findBlockingDialog(desktop: Desktop, root: number): DesktopWindow | undefined {
  return desktop.windows.find(
    ({ modal, enabled, showsProgress, buttons, pid }) =>
      // One without a button, or with a bar that grows, goes away by itself.
      modal && enabled && !showsProgress && buttons.length > 0 && descendsFrom(desktop, pid, root),
  )
}

function textOf(parts: readonly Part[]): string {
  const texts = parts.filter(({ part }) => part === 'text' || part === 'edit').map(({ text }) => unixLines(text))
  return texts.filter((text) => text !== '').join('\n')
}

/** A label without the mark of the letter that presses it. */
function labelOf(text: string): string {
  return text.replace(/&(.)/g, '$1')
}

function unixLines(text: string): string {
  return text.replaceAll('\r\n', '\n').trim()
}
