import type { Writable } from 'node:stream'
import { printable } from '../../client/printable.ts'
import { OsrunError } from '../../protocol/errors.ts'
import { formatBytes } from '../../snapshots/room.ts'
import { isElsewhere } from '../room.ts'
import type { Output } from '../snapshots/output.ts'
import { formatTable, minuteOf } from '../table.ts'
import { type FoundState, findStates } from './states.ts'

/** Where states are looked for. */
export interface ListOptions extends Output {
  readonly cache: string
}

/** Prints the states of failed tests, the newest first. @returns the exit code */
export async function list({ cache, json, stdout = process.stdout }: ListOptions): Promise<number> {
  if (isElsewhere) {
    throw new OsrunError(
      'BAD_OPTION',
      'Expected an id beside OSRUN_URL, as the line of the failed test or its report has it. The states of that machine ' +
        'room are listed on its own computer: run `osrun replay` there.',
    )
  }
  const states = await findStates(cache)
  stdout.write(json ? `${JSON.stringify(states.map(describe), undefined, 2)}\n` : table(states, { cache, stdout }))
  return 0
}

function describe({ id, from: { guest, key }, info: { createdAt, size }, note: { file, test }, runtime }: FoundState) {
  return { id, file, test, createdAt, size, guest, key, runtime }
}

const heads = ['ID', 'WHEN', 'SIZE', 'GUEST', 'TEST']

function table(
  states: readonly FoundState[],
  { cache, stdout }: { readonly cache: string; readonly stdout: Writable },
): string {
  if (states.length === 0) {
    return (
      `There are no states of failed tests in ${cache}.\nA test that fails leaves one, unless the option \`replay\` or ` +
      '`artifacts` says no. Where the tests have another `cache`, name it: osrun replay --cache <folder>\n'
    )
  }
  const rows = states.map(({ id, info: { createdAt, size }, from, note }) => [
    ...[id, minuteOf(createdAt), formatBytes(size), from.guest],
    printable(`${note.file} > ${note.test}`).replaceAll('\n', ' '),
  ])
  return `${formatTable(heads, rows, stdout)}\nOpen one with \`osrun replay <id>\`.\n`
}
