import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withMachine } from './with-machine.ts'
import { program } from './with-program.ts'

const given = withMachine('test/machine/quoting.test.ts')

// A command costs half a second in an emulated guest: few commands, many arguments in each.
const commands = 40

// Lone surrogates are no text; what is between is what quoting rules are about.
const nasty = fc.constantFrom(...'"\\ \t\n^&|<>%!()=;,\'`$*?[]{}~é漢😀aB')
const argument = fc.oneof(
  fc.array(nasty, { maxLength: 12 }).map((characters) => characters.join('')),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom(
    '',
    '\\',
    '\\\\',
    '"',
    '\\"',
    '\\\\"',
    'a\\',
    'a b\\',
    'C:\\Program Files\\',
    '%PATH%',
    '/?',
    '-',
    '--',
  ),
)

test('every argument of an array reaches the program exactly as given', async () => {
  const { win } = given
  const property = fc.asyncProperty(
    fc.array(
      argument.filter((text) => !text.includes('\0')),
      { minLength: 10, maxLength: 60 },
    ),
    async (words) => {
      const { stdout } = await win.run([program, 'arguments', ...words])
      const heard = stdout.split('\n').map((line) => Buffer.from(line, 'hex').toString())
      expect(heard).toEqual(words)
    },
  )
  await fc.assert(property, { numRuns: commands, seed: 20_261_125, endOnFailure: true })
})

test('a string reaches cmd untouched', async () => {
  const { win } = given
  const echo = async (text: string) => (await win.run(`echo ${text}`)).stdout
  expect(await echo('"quoted" & echo second')).toBe('"quoted" \nsecond')
  expect(await echo('^& ^| ^< ^>')).toBe('& | < >')
  expect(await echo('100% of "it"')).toBe('100% of "it"')
  expect((await win.run(`"${program}" arguments "a b" "c"`)).stdout).toBe('612062\n63')
})

test.for(['build.bat', 'C:\\x\\run.CMD', 'a.bat.', 'a.cmd '])(
  'a script is not started from an array, whose arguments cmd would read by other rules: %s',
  async (script) => {
    await expect(given.win.run([script, '"&calc'])).rejects.toMatchObject({ code: 'BAD_OPTION' })
  },
)
