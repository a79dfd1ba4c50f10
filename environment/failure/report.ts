import { printable } from '../../src/client/printable.ts'
import type { CommandLog, Excerpt, LoggedCommand } from './command-log.ts'

/** What is known of a test and its machine besides its screen. */
export interface ReportedTest {
  /** The file, the describe blocks and the test: `a.test.ts > installs`. */
  readonly title: string
  /** `passed`, `failed`, `failed at retry 1`. */
  readonly outcome: string
  /** Messages of its errors. */
  readonly errors: readonly string[]
  /** Guest and snapshot; or why there is no machine. */
  readonly machine: string
  /** Address of the page that shows the machine. */
  readonly viewer: string | undefined
  /** Name of the picture, or why there is none. */
  readonly screen: string
  /** How the machine's state is opened again, or why there is none; undefined where that was not asked for. */
  readonly state: string | undefined
  readonly log: ReturnType<CommandLog['read']>
}

const longestError = 2000

/** The evidence of one test, for a person to read. */
export function reportText({ title, outcome, errors, machine, viewer, screen, state, log }: ReportedTest): string {
  const head = [
    ['test', title],
    ['outcome', outcome],
    ...errors.map((error) => ['error', cut(error)]),
    ['machine', machine],
    ...(viewer === undefined ? [] : [['viewer', viewer]]),
    ['screen', screen],
    ...(state === undefined ? [] : [['state', state]]),
    ['commands', describeCount(log)],
  ] as [string, string][]
  const lines = head.map(([name, text]) => `${name.padEnd(10)}${indent(printable(text), 10)}`)
  return `${[lines.join('\n'), ...log.commands.map(describe)].join('\n\n')}\n`
}

/** One line on the last command, for where there is room for no more. */
export function lastCommand({ commands }: ReportedTest['log']): string {
  const last = commands.at(-1)
  if (last === undefined) {
    return 'no command'
  }
  const line = printable(last.command.split('\n', 1)[0] ?? '')
  const shown = line.length > 60 ? `${line.slice(0, 60)}…` : line
  return `last command "${shown}": ${endingOf(last).split('\n', 1)[0]}`
}

/** The same with where the rest is. @param folder path of the evidence's folder, as people are shown it */
export function summaryLine(
  { summary, replay }: { summary: string; replay: string | undefined },
  folder: string,
): string {
  return [
    summary,
    `report: ${folder}/report.txt`,
    ...(replay === undefined ? [] : [`state: osrun replay ${replay}`]),
  ].join('; ')
}

function describeCount({ commands, dropped }: ReportedTest['log']): string {
  const count = commands.length + dropped
  return dropped === 0 ? `${count}` : `${count}, of which the last ${commands.length} follow`
}

function describe(command: LoggedCommand): string {
  const place = command.cwd === undefined ? '' : ` in ${command.cwd}`
  return [
    `[${seconds(command.at)}]${printable(place)} > ${printable(command.command)}`,
    ...outputLines('stdout', command.stdout),
    ...outputLines('stderr', command.stderr),
    `[${endingOf(command)}]`,
  ].join('\n')
}

function endingOf({ end, durationMs }: LoggedCommand): string {
  return end === undefined ? `still running after ${seconds(durationMs)}` : `${end} after ${seconds(durationMs)}`
}

function outputLines(channel: string, { text, left }: Excerpt): string[] {
  const shown = printable(text.replace(/\n+$/, ''))
  if (shown === '') {
    return []
  }
  return [`[${channel}${left === 0 ? '' : `, without its first ${left} characters`}]`, shown]
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`
}

function cut(text: string): string {
  return text.length <= longestError ? text : `${text.slice(0, longestError)}…`
}

function indent(text: string, columns: number): string {
  return text.replace(/\n(?=[^\n])/g, `\n${' '.repeat(columns)}`)
}
