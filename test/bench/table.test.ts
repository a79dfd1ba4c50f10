import { describe, expect, test } from 'vitest'
import { fillIn } from '../../bench/documentation.ts'
import { type Goal, type Host, type Table, withMeasured } from '../../bench/results.ts'
import { summarize } from '../../bench/statistics.ts'
import { asMarkdown, asText, formatFigure, goalsGrid, isMet, rowsGrid } from '../../bench/table.ts'

const table: Table = {
  title: 'starts',
  rows: [
    { what: 'qemu', unit: 'ms', figures: summarize([1404]), faults: { minor: 14_632, major: 3 } },
    { what: 'a', unit: 'ms', figures: summarize([3.25, 3.5]) },
  ],
}
const faster: Goal = { what: 'restore', measured: 8.914, unit: 'times', budget: { atLeast: 10 } }
const smaller: Goal = { what: 'memory', measured: 16.2, unit: '%', budget: { atMost: 25 } }
const host: Host = {
  ...{ cpu: 'EPYC', cores: 2, memoryMiB: 24_000, kernel: '6.1', arch: 'x64', qemu: '10.0.2', accelerator: 'tcg' },
}
const measured = { date: '2026-01-02T03:04:05.000Z', rounds: 20, tables: [table], goals: [faster, smaller] }

test.each([
  [0.5, 'ms', '0.5 ms'],
  [9.96, 'ms', '10.0 ms'],
  [10.4, 'ms', '10 ms'],
  [1404, 'ms', '1,404 ms'],
  [-1.25, 'ms', '-1.3 ms'],
  [1.2, 'times', '1.20 times'],
  [100, 'times', '100 times'],
  [16.2, '%', '16 %'],
])('%d %s reads %s', (value, unit, expected) => {
  expect(formatFigure(value, unit)).toBe(expected)
})

describe('a table', () => {
  test('has a line for each row, and page faults where one has them', () => {
    expect(rowsGrid(table)).toEqual([
      ['starts', 'median', 'p95', 'p99', 'times', 'page faults, minor / major'],
      ['qemu', '1,404 ms', '1,404 ms', '1,404 ms', '1', '14,632 / 3'],
      ['a', '3.3 ms', '3.5 ms', '3.5 ms', '2', ''],
    ])
    expect(rowsGrid({ title: 'starts', rows: table.rows.slice(1) })[0]).not.toContain('page faults, minor / major')
  })

  test('for a terminal has columns', () => {
    expect(
      asText([
        ['what', 'median'],
        ['long name', '5 ms'],
        ['a', '1,404 ms'],
      ]),
    ).toBe('what          median\nlong name       5 ms\na           1,404 ms')
  })

  test('for a document is Markdown', () => {
    expect(
      asMarkdown([
        ['what', 'median'],
        ['a', '5 ms'],
      ]),
    ).toBe('| what | median |\n| --- | --: |\n| a | 5 ms |')
  })
})

describe('a promise', () => {
  test.each([
    [10, { atLeast: 10 }, true],
    [9.99, { atLeast: 10 }, false],
    [25, { atMost: 25 }, true],
    [25.01, { atMost: 25 }, false],
  ])('of which %d was measured, with the budget %o: %s', (value, budget, met) => {
    expect(isMet({ what: '', unit: 'times', measured: value, budget })).toBe(met)
  })

  test('stands beside what was measured, and says if it is kept', () => {
    expect(goalsGrid([faster, smaller])).toEqual([
      ['promised', 'budget', 'measured', ''],
      ['restore', 'at least 10 times', '8.91 times', 'missed'],
      ['memory', 'at most 25 %', '16 %', 'met'],
    ])
  })
})

describe('a document', () => {
  const results = { host, measured: { restore: measured } }
  const marked = (name: string, text: string) => `before\n<!-- bench ${name} -->\n${text}<!-- bench end -->\nafter\n`

  test('gets a measurement between its marks, each time anew', () => {
    const once = fillIn(marked('restore', 'old\n'), results)
    expect(once).toContain('| qemu | 1,404 ms |')
    expect(once).toContain('Measured on 2026-01-02, `--rounds 20`.')
    expect(once).not.toContain('old')
    expect(once).toMatch(/^before\n<!-- bench restore -->\n[\s\S]+\n<!-- bench end -->\nafter\n$/)
    expect(fillIn(once, results)).toBe(once)
  })

  test('gets each measurement between its own marks', () => {
    const text = fillIn(marked('restore', '') + marked('host', '') + marked('budget', ''), results)
    const [, restore, ofHost, budget] = text.split('before\n')
    expect(restore).toContain('14,632 / 3')
    expect(ofHost).toContain('EPYC, 2 cores, 23 GiB, Linux 6.1 (x64), QEMU 10.0.2, accelerator tcg.')
    expect(budget).toContain('| restore | at least 10 times | 8.91 times | missed |')
  })

  test('keeps what was not measured', () => {
    const text = marked('suite', 'earlier\n')
    expect(fillIn(text, results)).toBe(text)
  })
})

describe('results', () => {
  const earlier = { host, measured: { restore: measured, suite: measured } }
  const later = { ...measured, rounds: 3 }

  test('of a part replace that part', () => {
    expect(withMeasured(earlier, host, 'suite', later).measured).toEqual({ restore: measured, suite: later })
  })

  test('of another host replace all', () => {
    expect(withMeasured(earlier, { ...host, cpu: 'Xeon' }, 'suite', later).measured).toEqual({ suite: later })
    expect(withMeasured(undefined, host, 'suite', later).measured).toEqual({ suite: later })
  })
})
