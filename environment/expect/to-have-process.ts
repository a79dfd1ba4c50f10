import * as v from 'valibot'
import type { Win } from '../../src/client/win.ts'
import { checkOptions } from '../../src/protocol/check-options.ts'
import { checkWin, type MatcherOutcome, type MatcherThis, type PollOptions, poll, pollEntries, wanted } from './poll.ts'

const options = v.strictObject(pollEntries)

/** A process of this program runs on the machine: `notepad.exe`, in upper or lower case. */
export async function toHaveProcess(
  this: MatcherThis,
  received: unknown,
  image: string,
  pollOptions: PollOptions = {},
): Promise<MatcherOutcome> {
  const win = checkWin(received, 'toHaveProcess')
  const checked = checkOptions(options, pollOptions, 'the options of `toHaveProcess`') as PollOptions
  const runs = (images: readonly string[]) => images.some((each) => each.toLowerCase() === image.toLowerCase())
  const images = await poll(
    () => list(win),
    (each) => runs(each) === wanted(this),
    checked,
  )
  const pass = runs(images)
  const others = [...new Set(images)].sort().map((each) => `\n  ${each}`)
  return {
    pass,
    message: () =>
      pass
        ? `expected no process of ${image} to run`
        : `expected a process of ${image} to run\n\nThere are processes of:${others.join('')}`,
  }
}

async function list(win: Win): Promise<string[]> {
  const { stdout } = await win.run(['tasklist', '/fo', 'csv', '/nh'])
  return parseProcesses(stdout)
}

/** Names of programs, from the lines of `tasklist /fo csv /nh`. */
export function parseProcesses(stdout: string): string[] {
  return stdout.split('\n').flatMap((line) => /^"([^"]+)"/.exec(line)?.[1] ?? [])
}
