import { expect, test } from 'vitest'
import { encode } from '../../../src/windows/install/files.ts'
import { readScripts } from '../../../src/windows/install/init-folder.ts'
import { renderSettingsCmd } from '../../../src/windows/install/settings.ts'
import { batchProblems, commandsOf } from './batch.ts'
import { samples } from './samples.ts'

const pe = (await readScripts()).get('pe.cmd') ?? ''

test('pe.cmd has none of the faults that we know of', () => {
  expect(batchProblems(encode('pe.cmd', pe))).toEqual([])
})

test('the checks see every program that pe.cmd starts', () => {
  const words = commandsOf(pe.split('\n')).map(({ word }) => word)
  const count = (name: string) => words.filter((word) => word === name).length
  expect(
    Object.fromEntries(
      ['diskpart', 'dism', 'bcdboot', 'drvload', 'wpeinit', 'wpeutil', 'reg', 'ping'].map((name) => [
        name,
        count(name),
      ]),
    ),
  ).toEqual({ diskpart: 2, dism: 2, bcdboot: 1, drvload: 1, wpeinit: 1, wpeutil: 2, reg: 9, ping: 3 })
})

test.each([
  ['a program that Windows PE does not have', 'call :done', 'findstr x y || set "bad=y"', /has no findstr/],
  ['PowerShell', 'call :done', 'powershell -Command x || set "bad=y"', /has no powershell/],
  ['a question', 'call :done', 'pause', /has no pause/],
  ['a program behind a condition', 'call :done', 'if exist x choice || set "bad=y"', /has no choice/],
  ['an exit code that nobody looks at', 'call :ended bcdboot || goto fail\n', '', /exit code of bcdboot/],
  ['a label that there is not', 'goto off', 'goto of', /no label of/],
  ['a pipe', 'call :done', 'type x | find "y"', /has a pipe/],
  ['a block that is not closed', '\n)', '\n', /not closed/],
  ['another character than ASCII', 'call :done', 'echo ü', /ASCII/],
])('the checks see %s', (_, from, to, problem) => {
  expect(pe).toContain(from)
  expect(batchProblems(encode('pe.cmd', pe.replace(from, to))).join('\n')).toMatch(problem)
})

test('the checks see line ends of another system', () => {
  expect(batchProblems(Buffer.from(pe)).join('\n')).toMatch(/CRLF/)
})

test.each(samples.map((install) => [install.guest, install] as const))(
  'settings.cmd for %s is a batch file',
  (_, install) => {
    const text = renderSettingsCmd(install, '0123456789abcdef')
    expect(batchProblems(encode('settings.cmd', text))).toEqual([])
    expect(text).toContain(`set "index=${install.image.index}"\n`)
  },
)

test('settings.cmd has nothing that means something to cmd', () => {
  expect(() => renderSettingsCmd(samples[0] as (typeof samples)[0], 'a" & del')).toThrow(/cannot have/)
})
