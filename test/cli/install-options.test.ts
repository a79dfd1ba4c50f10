import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { expect, onTestFinished, test } from 'vitest'
import {
  addWindowsFlags,
  firstWindowsFlag,
  readWindowsFlags,
  type WindowsFlags,
  windowsFlagsOf,
} from '../../src/cli/install-options.ts'
import { mediaOptions } from '../../src/protocol/media-options.ts'

function parse(...words: string[]) {
  const command = addWindowsFlags(new Command().exitOverride())
  return windowsFlagsOf(command.parse(words, { from: 'user' }).opts<WindowsFlags>())
}

async function secretFile(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osrun secret '))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'password'), content)
  return join(folder, 'password')
}

test('every field of the option `media` has a flag, and what nobody said is left out', async () => {
  const file = await secretFile('AAAAA-BBBBB-CCCCC-DDDDD-EEEEE\n')
  const words = [
    ...[
      '--iso',
      'win.iso',
      '--edition',
      'Core',
      '--language',
      'de-de',
      '--profile',
      'stock',
      '--firmware',
      'uefi',
      '--tpm',
      '--sha256',
      'a'.repeat(64),
    ],
    ...['--user', 'tester', '--computer', 'DESK', '--time-zone', 'W. Europe Standard Time', '--locale', 'de-DE'],
    ...['--keyboard', '0407:00000407', '--compact', '--drivers', 'drivers', '--own-steps', 'steps'],
    ...['--virtio-drivers', 'virtio-win.iso'],
    ...['--product-key-file', file],
  ]
  const media = await readWindowsFlags(parse(...words), { OSRUN_WINDOWS_PASSWORD: 'Secret 1' })
  expect(Object.keys(media).sort()).toEqual(Object.keys(mediaOptions.entries).sort())
  expect(media).toMatchObject({
    ...{ user: 'tester', computer: 'DESK', timeZone: 'W. Europe Standard Time', compact: true },
    ...{ password: 'Secret 1', productKey: 'AAAAA-BBBBB-CCCCC-DDDDD-EEEEE', ownSteps: 'steps' },
    virtioDrivers: 'virtio-win.iso',
  })
  expect(await readWindowsFlags(parse(), {})).toEqual({})
})

test('a password comes from its file before it comes from the variable, without the line end', async () => {
  const flags = parse('--password-file', await secretFile('from a file \r\n'))
  expect(await readWindowsFlags(flags, { OSRUN_WINDOWS_PASSWORD: 'other' })).toEqual({ password: 'from a file ' })
})

test('a file that is not there is named with its flag', async () => {
  await expect(readWindowsFlags(parse('--password-file', '/no/such file'), {})).rejects.toMatchObject({
    code: 'HOST_FILE_FAILED',
    message: expect.stringMatching(/--password-file.*no such file/),
  })
})

test.each([
  [['--user', 'a/b'], /`user`.*without any of/],
  [['--user', 'Guest'], /`user`.*accounts of Windows itself/],
  [['--computer', 'a-name-in-small-letters'], /`computer`.*1 to 15 capitals/],
  [['--computer', 'SIXTEEN-LETTERS-'], /`computer`.*1 to 15 capitals/],
  [['--time-zone', 'UTC"'], /`timeZone`.*as Windows has it/],
  [['--keyboard', 'qwertz'], /`keyboard`.*"0409:00000409"/],
  [['--drivers', ''], /`drivers`.*path of a folder/],
  [['--virtio-drivers', ''], /`virtioDrivers`.*path of an ISO or a folder/],
])('%j is refused by what Windows allows', async (words, said) => {
  await expect(readWindowsFlags(parse(...words), {})).rejects.toThrow(said)
})

test('a secret that is refused is not said', async () => {
  const environment = { OSRUN_WINDOWS_PASSWORD: 'bad\npassword', OSRUN_WINDOWS_PRODUCT_KEY: '' }
  await expect(readWindowsFlags(parse(), environment)).rejects.toThrow(
    /`password`.*without control characters, got a string$/,
  )
  const key = { OSRUN_WINDOWS_PRODUCT_KEY: 'cut' }
  await expect(readWindowsFlags(parse(), key)).rejects.toThrow(/`productKey`.*"AAAAA-.*", got a string$/)
})

test('the first flag is said as it is written', () => {
  expect(firstWindowsFlag(parse('--product-key-file', 'key'))).toBe('--product-key-file')
  expect(firstWindowsFlag(parse('--own-steps', 'steps', '--user', 'tester'))).toBe('--user')
  expect(firstWindowsFlag(parse())).toBeUndefined()
})
