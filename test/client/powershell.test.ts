import { expect, test } from 'vitest'
import { powershellCommandLine } from '../../src/client/powershell.ts'

function scriptOf(commandLine: string): string {
  const [, encoded = ''] = /-EncodedCommand ([A-Za-z0-9+/=]+)$/.exec(commandLine) ?? []
  return Buffer.from(encoded, 'base64').toString('utf16le')
}

test('a script travels whole, whatever characters it has', () => {
  const script = 'Write-Output "quotes \' and `ticks` & 100%"; Get-Item Ж漢😀'
  expect(scriptOf(powershellCommandLine(script)).split('\n')[1]).toBe(script)
})

test('output is UTF-8, an error ends the script, and the last exit code is passed on', () => {
  const text = scriptOf(powershellCommandLine('x'))
  expect(text).toContain('[Text.UTF8Encoding]::new($false)')
  expect(text).toContain("$ErrorActionPreference = 'Stop'")
  expect(text.endsWith('exit $LASTEXITCODE }')).toBe(true)
})

test('no profile, no prompt and no policy are in the way', () => {
  expect(powershellCommandLine('x')).toMatch(/^powershell .*-NoProfile -NonInteractive -ExecutionPolicy Bypass /)
})

test('the longest script fits into a command line of Windows, and a longer one is refused', () => {
  expect(powershellCommandLine('x'.repeat(12_000)).length).toBeLessThan(32_766)
  expect(() => powershellCommandLine('x'.repeat(12_001))).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
})
