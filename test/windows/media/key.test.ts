import { expect, test } from 'vitest'
import { type MediaInputs, mediaKey } from '../../../src/windows/media/key.ts'
import type { Provenance } from '../../../src/windows/medium.ts'

const provenance: Provenance = {
  source: 'own',
  from: '/somewhere/windows.iso',
  sha256: 'ab'.repeat(32),
  bytes: 5_000_000_000,
}
const inputs: MediaInputs = {
  provenance,
  wanted: { edition: 'Professional', language: 'en-us', architecture: 'x64' },
  guest: 'win11',
  profile: 'slim',
  wishes: { user: 'Tester', password: 'x' },
  scripts: new Map([
    ['pe.cmd', 'echo\n'],
    ['boot-0.ps1', 'exit\n'],
  ]),
  additions: [{ path: 'osrun/init/osrun-agent.exe', sha256: 'cd'.repeat(32) }],
}

test.each([
  ['another medium', { provenance: { ...provenance, sha256: 'ef'.repeat(32) } }],
  ['another edition', { wanted: { ...inputs.wanted, edition: 'Enterprise' } }],
  ['another guest', { guest: 'win10' }],
  ['another profile', { profile: 'stock' }],
  ['media that must start by UEFI', { firmware: 'uefi' }],
  ['another password', { wishes: { user: 'Tester', password: 'y' } }],
  ['a script that was edited', { scripts: new Map([...inputs.scripts, ['pe.cmd', 'echo.\n']]) }],
  ['another agent', { additions: [{ path: 'osrun/init/osrun-agent.exe', sha256: '00'.repeat(32) }] }],
  ['no medium, where another key has it', { provenance: undefined }],
  ['one more step', { additions: [...inputs.additions, { path: 'osrun/own/a.ps1', sha256: '11'.repeat(32) }] }],
] satisfies [string, Partial<MediaInputs>][])('%s has another key', (_, change) => {
  expect(mediaKey({ ...inputs, ...change })).not.toBe(mediaKey(inputs))
  expect(mediaKey(inputs)).toMatch(/^[0-9a-f]{16}$/)
})

test.each([
  ['the same medium from elsewhere', { provenance: { ...provenance, source: 'catalogue', from: 'elsewhere' } }],
  ['a BIOS, which is the default', { firmware: 'bios' }],
  ['the language in other letters', { wanted: { ...inputs.wanted, language: 'en-US' } }],
  ['wishes in another order', { wishes: { password: 'x', user: 'Tester', timeZone: undefined } }],
  ['scripts in another order', { scripts: new Map([...inputs.scripts].reverse()) }],
] satisfies [string, Partial<MediaInputs>][])('%s has the same key', (_, change) => {
  expect(mediaKey({ ...inputs, ...change })).toBe(mediaKey(inputs))
})
