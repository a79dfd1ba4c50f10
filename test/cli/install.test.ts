import { execa } from 'execa'
import { expect, test } from 'vitest'

function osrun(words: readonly string[], env: Record<string, string> = {}) {
  return execa(process.execPath, ['src/cli/main.ts', ...words], { reject: false, stdin: 'ignore', env })
}

test.each([
  [['install', 'Wine'], /BAD_NAME.*"Wine"/],
  [['install', 'dos'], /UNKNOWN_GUEST: There is no guest "dos"\. Guests: wine, win11, win10, server2022, server2025\./],
  [['install', '--memory', '8'], /--memory.*'8'.*Expected an amount/],
])('%j is refused with exit code 125', async (words, said) => {
  expect(await osrun(words)).toMatchObject({ exitCode: 125, stderr: expect.stringMatching(said) })
})
