import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { requirements } from '../../../src/runtime/requirements/requirements.ts'
import {
  bootImagePaths,
  exportCommand,
  extractCommand,
  extractIsoCommand,
  isoCommand,
  printIsoCommand,
  updateScript,
} from '../../../src/windows/media/command-lines.ts'
import { parseListing } from '../../../src/windows/media/iso.ts'
import { lastPercent, otherNames, readProgram, runProgram } from '../../../src/windows/media/program.ts'

const source = { file: '/uup/pro [en].esd', references: ['/uup/a [1].esd', '/made/cabs*.wim'] }

test.each([
  [
    'an export that a boot loader can read',
    exportCommand(source, 2, 'boot.wim', { boot: true, fast: true }),
    'export|/uup/pro [en].esd|2|boot.wim|--boot|--compress=fast|--ref=/uup/a \\[1\\].esd|--ref=/made/cabs\\*.wim',
  ],
  ['an export as it is', exportCommand({ file: 'a.wim', references: [] }, 1, 'b.wim', {}), 'export|a.wim|1|b.wim'],
  [
    'files of an image',
    extractCommand({ file: 'a.wim', references: [] }, 1, ['/boot', '/efi'], 'to'),
    'extract|a.wim|1|/boot|/efi|--dest-dir=to|--no-acls|--nullglob|--preserve-dir-structure',
  ],
  ['files of an ISO', extractIsoCommand('a.iso', ['-x'], 'to'), 'x|-y|-bd|-spd|-oto|--|a.iso|-x'],
  ['a file of an ISO', printIsoCommand('a.iso', 'b'), 'x|-so|-bd|-spd|--|a.iso|b'],
])('the command line for %s', (_, [, ...words], expected) => {
  expect(words.join('|')).toBe(expected)
})

describe('the command line for an ISO', () => {
  const words = (boot?: Parameters<typeof isoCommand>[3]) => isoCommand('folder', 'a.iso', 'LABEL', boot).join(' ')

  test('boots both ways', () => {
    expect(words(bootImagePaths('x64'))).toMatch(
      /-c boot\/boot\.cat -b boot\/etfsboot\.com -no-emul-boot -eltorito-alt-boot -e efi\/microsoft\/boot\/efisys_noprompt\.bin -no-emul-boot folder$/,
    )
  })

  test('boots UEFI alone on ARM', () => {
    expect(words(bootImagePaths('arm64'))).toMatch(
      /-c boot\/boot\.cat -e \S+efisys_noprompt\.bin -no-emul-boot folder$/,
    )
  })

  test('boots nothing', () => {
    expect(words()).not.toMatch(/ -b | -e | -c /)
  })
})

test('files go into an image by a script', () => {
  expect(updateScript([{ from: 'pe/osrun/pe.cmd', path: 'osrun/pe.cmd' }])).toBe(
    "add 'pe/osrun/pe.cmd' '/osrun/pe.cmd'\n",
  )
})

test('what 7-Zip lists are files', () => {
  const listing = [
    'Path = boot\nFolder = +\nSize = 0\n',
    'Path = boot\\etfsboot.com\nFolder = -\nSize = 4096\n',
    'Path = sources/install.wim\nFolder = -\nAttributes = A\n',
    'Path = efi\nAttributes = D\n',
  ].join('\n')
  expect(parseListing(listing)).toEqual(['boot/etfsboot.com', 'sources/install.wim'])
})

test.each([
  ['Archiving file data: 12 MiB of 45 MiB (27%) done', 27],
  [' 10.01% done, estimate finish Thu\n 20.02% done, estimate', 20.02],
  ['Scanning', undefined],
  ['200%', undefined],
])('%j is %s percent', (text, percent) => {
  expect(lastPercent(text)).toBe(percent)
})

describe('a program', () => {
  const running = { folder: tmpdir(), what: 'trying' }

  test('that fails is told with its last words', async () => {
    await expect(runProgram(['sh', '-c', 'echo first; echo second >&2; exit 3'], running)).rejects.toMatchObject({
      code: 'MEDIA_BUILD_FAILED',
      message: expect.stringMatching(/sh ended with exit code 3 while trying[\s\S]*second/),
    })
  })

  test('that is killed is told with the signal', async () => {
    await expect(runProgram(['sh', '-c', 'kill -9 $$'], running)).rejects.toThrow(/was ended by SIGKILL/)
  })

  test('that is not there is told with what to do', async () => {
    await expect(runProgram(['no-such-program'], running)).rejects.toMatchObject({
      code: 'HOST_INCOMPLETE',
      message: expect.stringContaining('osrun doctor --install'),
    })
  })

  test('is ended by the signal', async () => {
    const signal = AbortSignal.timeout(50)
    await expect(runProgram(['sleep', '60'], { ...running, signal })).rejects.toMatchObject({ code: 'CANCELED' })
  })

  test('says how far it has come', async () => {
    const seen: number[] = []
    await runProgram(['sh', '-c', 'echo 50%; echo 100% >&2'], {
      ...running,
      onPercent: (percent) => seen.push(percent),
    })
    expect(seen.sort()).toEqual([100, 50])
  })

  test('that says without end is ended when its reader has enough', async () => {
    const first = async (stdout: AsyncIterable<Uint8Array>) => {
      for await (const piece of stdout) {
        return Buffer.from(piece).toString('latin1', 0, 1)
      }
      return undefined
    }
    expect(await readProgram(['yes'], running, first)).toBe('y')
    expect(await readProgram(['true'], running, first)).toBeUndefined()
    await expect(readProgram(['sh', '-c', 'exit 2'], running, first)).rejects.toThrow(/exit code 2/)
  })
})

describe('7-Zip, which is `7zz` on some systems and `7z` on others,', () => {
  async function pathWith(...names: readonly string[]): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'osrun programs '))
    onTestFinished(() => rm(folder, { recursive: true }))
    for (const name of names) {
      await writeFile(join(folder, name), `#!/bin/sh\necho ${name}`)
      await chmod(join(folder, name), 0o755)
    }
    vi.stubEnv('PATH', folder)
    onTestFinished(() => void vi.unstubAllEnvs())
  }
  const run = () => runProgram(['7zz', 'l'], { folder: tmpdir(), what: 'looking into a.iso' }).then(String)

  test('is started by the name that is there', async () => {
    await pathWith('7z')
    expect(await run()).toBe('7z\n')
    await pathWith('7z', '7zz')
    expect(await run()).toBe('7zz\n')
    await pathWith()
    await expect(run()).rejects.toMatchObject({ code: 'HOST_INCOMPLETE', message: expect.stringContaining('7zz') })
  })

  test('is looked for by doctor under the names that are started', () => {
    expect(requirements.filter(({ name }) => name in otherNames).map(({ name, orElse }) => [name, orElse])).toEqual(
      Object.entries(otherNames).map(([name, other]) => [name, [other]]),
    )
  })
})
