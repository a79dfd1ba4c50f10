import { execa } from 'execa'
import { aptProgressOptions, parseAptProgress } from './apt-progress.ts'

/** A command line: the program and its arguments. */
export type Step = readonly [string, ...string[]]

/** How a command is run, and who hears of it. */
export interface Running {
  readonly out: (line: string) => void
  /** Gets each line of output that is not progress. */
  readonly hear: (line: string) => void
  /** When the installation began, in milliseconds since the epoch. */
  readonly began: number
  /** The program that gives the rights, where they are lacking. */
  readonly sudo: boolean
  /** Goes to the command's stdin. */
  readonly input?: string
  readonly signal?: AbortSignal | undefined
}

const deadline = 30 * 60_000
const betweenLines = 5000

/**
 * Runs one command of a plan, `apt-get` with progress lines.
 * @returns undefined if it succeeded, else how it ended
 */
export async function runStep(command: Step, running: Running): Promise<string | undefined> {
  const [program, ...words] = stepArguments(command, running.sudo)
  const child = execa(program, words, {
    reject: false,
    all: true,
    buffer: false,
    timeout: deadline,
    forceKillAfterDelay: 60_000, // dpkg in the middle of a package needs a while
    ...(running.input === undefined ? { stdin: 'ignore' } : { input: running.input }),
    ...(running.signal === undefined ? {} : { cancelSignal: running.signal }),
  })
  let spoke = Date.now()
  try {
    for await (const line of child.iterable({ from: 'all' })) {
      const progress = parseAptProgress(String(line))
      if (progress === undefined) {
        running.hear(String(line))
      } else if (Date.now() - spoke >= betweenLines) {
        spoke = Date.now()
        const percent = progress.percent === undefined ? '' : `, ${Math.floor(progress.percent)} %`
        running.out(`  ${elapsed(running.began)}  ${progress.phase}${percent}`)
      }
    }
  } catch {
    // How it ended is told below.
  }
  return describeEnd(await child)
}

/** The command line that runs a step without questions, as root. */
export function stepArguments([program, ...words]: Step, sudo: boolean): Step {
  const apt = program === 'apt-get'
  // Through env, since sudo drops the environment.
  const quiet = apt ? ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C'] : []
  const [first = program, ...rest] = [...(sudo ? ['sudo'] : []), ...quiet, program]
  return [first, ...rest, ...(apt ? aptProgressOptions : []), ...words]
}

/** The time since then as minutes and seconds: "1:05". */
export function elapsed(began: number): string {
  const seconds = Math.floor((Date.now() - began) / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

function describeEnd(result: {
  failed: boolean
  timedOut: boolean
  isCanceled: boolean
  exitCode?: number | undefined
  signal?: string | undefined
  originalMessage?: string | undefined
}): string | undefined {
  if (!result.failed) {
    return undefined
  }
  if (result.timedOut) {
    return `did not end within ${deadline / 60_000} minutes`
  }
  if (result.isCanceled) {
    return 'was canceled'
  }
  return result.exitCode === undefined
    ? `was ended by ${result.signal ?? result.originalMessage}`
    : `ended with exit code ${result.exitCode}`
}
