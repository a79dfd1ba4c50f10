import { execa } from 'execa'
import { expect, test } from 'vitest'

function osrun(words: readonly string[], env: Record<string, string> = {}) {
  return execa(process.execPath, ['src/cli/main.ts', ...words], { reject: false, stdin: 'ignore', env })
}

test.each([['win11'], ['win10'], ['server2022'], ['server2025']])(
  'the guest %s is said to be missing yet, before anything is started',
  async (guest) => {
    const { exitCode, stdout, stderr } = await osrun(['install', guest])
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' })
    expect(stderr).toMatch(
      new RegExp(`^osrun: UNKNOWN_GUEST: Guest "${guest}" is not in this version.*Guests: wine\\.$`),
    )
    expect(await osrun(['--guest', guest, 'ver'])).toMatchObject({ exitCode: 125, stderr })
  },
)

test.each([
  [['install', 'Wine'], /BAD_NAME.*"Wine"/],
  [['install', 'dos'], /UNKNOWN_GUEST: There is no guest "dos"\. Guests: wine\./],
  [['install', '--memory', '8'], /--memory.*'8'.*Expected an amount/],
])('%j is refused with exit code 125', async (words, said) => {
  expect(await osrun(words)).toMatchObject({ exitCode: 125, stderr: expect.stringMatching(said) })
})
