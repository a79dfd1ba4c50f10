import { execa } from 'execa'
import { expect, test } from 'vitest'

function osrun(words: readonly string[], env: Record<string, string> = {}) {
  return execa(process.execPath, ['src/cli/main.ts', ...words], { reject: false, stdin: 'ignore', env })
}

test.each([
  [['install', 'Wine'], /BAD_NAME.*"Wine"/],
  [['install', 'dos'], /UNKNOWN_GUEST: There is no guest "dos"\. Guests: wine, win11, win10, server2022, server2025\./],
  [
    ['install', 'wine', '--iso', 'win.iso'],
    /BAD_OPTION: Expected --iso for a guest that is Windows, got it for wine\./,
  ],
  [['install', '--slow'], /BAD_OPTION: Expected --slow for a guest that is Windows/],
  [['install', 'win11', '--sha256', 'abc'], /BAD_OPTION.*`sha256`.*64 hexadecimal digits/],
  [['install', 'win11', '--edition', 'Pro fessional'], /BAD_OPTION.*`edition`.*a name such as "Professional"/],
  [['install', 'win11', '--profile', 'tiny'], /Allowed choices are slim, stock/],
  [['install', 'win11', '--firmware', 'efi'], /Allowed choices are bios, uefi/],
  [['install', 'wine', '--firmware', 'uefi'], /BAD_OPTION: Expected --firmware for a guest that is Windows/],
  [['install', '--memory', '8'], /--memory.*'8'.*Expected an amount/],
])('%j is refused with exit code 125', async (words, said) => {
  expect(await osrun(words)).toMatchObject({ exitCode: 125, stderr: expect.stringMatching(said) })
})
