import { expect, test } from 'vitest'
import { parseProcesses } from '../../../environment/expect/to-have-process.ts'
import { parseValue } from '../../../environment/expect/to-have-registry-value.ts'

const said = (line: string) => `\nHKEY_CURRENT_USER\\Software\\App\n${line}\n\n`

test.each([
  ['text', '    Version    REG_SZ    1.2.3', '1.2.3'],
  ['text with spaces', '    My Path    REG_EXPAND_SZ    %ProgramFiles%\\My    App', '%ProgramFiles%\\My    App'],
  ['no text', '    Version    REG_SZ    ', ''],
  ['no text, and no room for it', '    Version    REG_SZ', ''],
  ['text of two lines', '    Note    REG_SZ    one\ntwo', 'one\ntwo'],
  ['the default value', '    (Standard)    REG_SZ    x', 'x'],
  ['a number', '    Count    REG_DWORD    0x1f', 31],
  ['a long number', '    Count    REG_QWORD    0xffffffffffffffff', 0xffff_ffff_ffff_ffffn],
  ['texts', '    Names    REG_MULTI_SZ    one\\0two', ['one', 'two']],
  ['bytes', '    Data    REG_BINARY    DEADBEEF', 'DEADBEEF'],
  ['nothing', '', undefined],
])('`reg query` tells %s', (_, line, value) => {
  expect(parseValue(said(line))).toEqual(value)
})

test('`tasklist` tells the programs', () => {
  const stdout = '"explorer.exe","56","Console","1","12,000 K"\n"My ""App"".exe","8"\nINFO: nothing else\n'
  expect(parseProcesses(stdout)).toEqual(['explorer.exe', 'My '])
})
