import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import {
  checkRequirements,
  describeState,
  isAtLeast,
  readVersion,
  requirementsFor,
} from '../../../src/runtime/requirements/check.ts'
import { requirements } from '../../../src/runtime/requirements/requirements.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

test.each([
  [
    'qemu-system-x86_64',
    'QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2+deb13u1~bpo12+1)\nCopyright (c) 2003-2025 Fabrice Bellard and the QEMU Project developers',
    '10.0.2',
  ],
  ['qemu-system-x86_64', 'QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)', '7.2.22'],
  ['qemu-system-x86_64', 'QEMU emulator version 8.2.2 (Debian 1:8.2.2+ds-0ubuntu1.10)', '8.2.2'],
  ['qemu-system-x86_64', 'QEMU emulator version 10.1.0\nCopyright (c) 2003-2025 Fabrice Bellard', '10.1.0'],
  ['qemu-system-x86_64', 'QEMU emulator version 9.2.90 (v10.0.0-rc0)', '9.2.90'],
  ['qemu-system-x86_64', 'error while loading shared libraries: libfdt.so.1: cannot open shared object', undefined],
  ['qemu-img', 'qemu-img version 10.0.2 (Debian 1:10.0.2+ds-2+deb13u1~bpo12+1)', '10.0.2'],
  ['flock', 'flock from util-linux 2.38.1', '2.38.1'],
  ['setpriv', 'setpriv from util-linux 2.41', '2.41'],
  ['mmdebstrap', 'mmdebstrap 1.3.5', '1.3.5'],
  ['mke2fs', 'mke2fs 1.47.0 (5-Feb-2023)\n\tUsing EXT2FS Library version 1.47.0', '1.47.0'],
  ['x86_64-w64-mingw32-gcc', 'x86_64-w64-mingw32-gcc (GCC) 12-win32\nCopyright (C) 2022', '12'],
  ['x86_64-w64-mingw32-gcc', 'x86_64-w64-mingw32-gcc (GCC) 15.2.0\nCopyright (C) 2025', '15.2.0'],
  ['make', 'GNU Make 4.3\nBuilt for x86_64-pc-linux-gnu', '4.3'],
  ['7zz', '\n7-Zip (z) 26.02 (x64) : Copyright (c) 1999-2026 Igor Pavlov : 2026-06-25', '26.02'],
  ['7zz', '\n7-Zip 25.01 (x64) : Copyright (c) 1999-2025 Igor Pavlov : 2025-08-03', '25.01'],
  ['gcc', 'gcc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright (C) 2022', '12.2.0'],
  ['gcc', 'gcc (Ubuntu 13.3.0-6ubuntu2~24.04) 13.3.0', '13.3.0'],
])('the version of %s is read from %j', (program, output, version) => {
  const rule = requirements.find(({ name }) => name === program)?.version
  expect(rule && readVersion(rule, output)).toBe(version)
})

test.each([
  ['10.0', '10.0', true],
  ['10.0.2', '10.0', true],
  ['10', '10.0', true],
  ['9.2.90', '10.0', false],
  ['7.2.22', '10.0', false],
  ['11', '10.0', true],
  ['22.9', '22.22', false],
  ['24.21.0', '22.22', true],
  ['10.0', '10.0.1', false],
])('%s is at least %s: %s', (version, minimum, expected) => {
  expect(isAtLeast(version, minimum)).toBe(expected)
})

test('what only other users or other systems need is not asked for', () => {
  const names = (platform: NodeJS.Platform, root: boolean) =>
    requirementsFor(['machines', 'wine'], { platform, root }).map(({ name }) => name)
  expect(names('linux', true)).toContain('setpriv')
  expect(names('linux', true)).not.toContain('newuidmap')
  expect(names('linux', true)).not.toContain('make')
  expect(names('linux', false)).toContain('newuidmap')
  expect(names('darwin', false)).not.toContain('setpriv')
})

test('programs are found on the PATH and judged by what they say', async () => {
  await using folder = await programs({
    'qemu-system-x86_64': 'echo QEMU emulator version 7.2.22',
    'qemu-img': 'echo qemu-img version 10.0.2',
    flock: 'echo "cannot open a shared object" >&2; exit 127',
    mmdebstrap: 'echo mmdebstrap 1.3.5',
  })
  vi.stubEnv('PATH', folder.path)
  const checked = await checkRequirements(['machines', 'wine'])
  const states = new Map(checked.map((one) => [one.requirement.name, describeState(one)]))
  expect(states.get('qemu-system-x86_64')).toBe(
    `7.2.22 is too old, 10.0 or newer is needed (${join(folder.path, 'qemu-system-x86_64')})`,
  )
  expect(states.get('qemu-img')).toBe(`10.0.2 (${join(folder.path, 'qemu-img')})`)
  expect(states.get('flock')).toBe(
    `does not tell its version (${join(folder.path, 'flock')}): cannot open a shared object`,
  )
  expect(states.get('mmdebstrap')).toBe(`1.3.5 (${join(folder.path, 'mmdebstrap')})`)
})

test('a program that is nowhere is not found', async () => {
  await using folder = await programs({})
  vi.stubEnv('PATH', folder.path)
  const [qemu] = await checkRequirements(['machines'])
  expect(qemu && describeState(qemu)).toBe('not found, 10.0 or newer is needed')
})

test('a program that this system calls by its other name is found', async () => {
  await using folder = await programs({ '7z': 'echo "7-Zip 25.01 (x64) : Copyright (c) 1999-2025 Igor Pavlov"' })
  vi.stubEnv('PATH', folder.path)
  const sevenZip = (await checkRequirements(['windows'])).find(({ requirement }) => requirement.name === '7zz')
  expect(sevenZip && describeState(sevenZip)).toBe(`25.01 (${join(folder.path, '7z')})`)
})

async function programs(scripts: Record<string, string>) {
  const path = await mkdtemp(join(tmpdir(), 'osrun programs '))
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(path, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(path, name), 0o755)
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
