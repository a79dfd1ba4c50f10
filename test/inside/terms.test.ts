import { expect, test } from 'vitest'
import { termsOf } from '../../src/inside/terms.ts'

const terminal = { isTTY: true, columns: 100, rows: 40 }

test.each([
  ['a pipe has no colours', {}, {}, { env: { NO_COLOR: '1' } }],
  ['a terminal has', {}, terminal, { env: { FORCE_COLOR: '1' }, terminal: { columns: 100, rows: 40 } }],
  [
    'a terminal that has not said its size',
    {},
    { isTTY: true },
    { env: { FORCE_COLOR: '1' }, terminal: { columns: 80, rows: 24 } },
  ],
  [
    'who wants none gets none',
    { NO_COLOR: '1' },
    terminal,
    { env: { NO_COLOR: '1' }, terminal: { columns: 100, rows: 40 } },
  ],
  [
    'a build server has, and is named',
    { CI: 'true', GITHUB_ACTIONS: 'true', HOME: '/' },
    {},
    { env: { CI: 'true', GITHUB_ACTIONS: 'true', FORCE_COLOR: '1' } },
  ],
])('%s', (_title, environment, stdout, terms) => {
  expect(termsOf(environment, stdout)).toEqual(terms)
})
