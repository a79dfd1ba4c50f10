import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { test as base, describe, expect, onTestFinished } from 'vitest'
import { type BuildOptions, buildMedia } from '../../../src/windows/media/build-media.ts'
import type { InstallMedia, Medium } from '../../../src/windows/medium.ts'
import { editionTree, makeBareWim, makeEsd, makeIso, makeUupSet, missingPrograms, pro, wimlib } from './made-media.ts'

// Where a program is missing, `node test/requirements.ts` says so.
const test = base.skipIf(missingPrograms.length > 0)

async function room(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osrun media '))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

const wanted = { edition: 'Professional', language: 'en-us', architecture: 'x64' } as const

async function build(medium: Medium, folder: string, options: Partial<BuildOptions> = {}) {
  const agentExe = join(folder, 'agent.exe')
  await writeFile(agentExe, 'MZ the agent')
  const phases: string[] = []
  const media = await buildMedia({
    ...{ medium, wanted, guest: 'win11', profile: 'slim', agentExe, folder: join(folder, 'out') },
    onProgress: ({ phase }) => phases.push(phase),
    ...options,
  })
  return { media, phases }
}

/** Files of an ISO by their names in Joliet, or in UDF, as 7-Zip reads it. */
async function unpack(iso: string, type: 'Iso' | 'Udf' = 'Udf'): Promise<{ folder: string; paths: string[] }> {
  const folder = await room()
  await execa('7zz', ['x', '-y', `-t${type}`, `-o${folder}`, iso])
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return { folder, paths: files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort() }
}

/** What any boot medium of ours must be. */
async function expectBootMedium(media: InstallMedia): Promise<string[]> {
  const { folder, paths } = await unpack(media.boot)
  expect(paths).toEqual(
    expect.arrayContaining([
      ...['boot/bcd', 'boot/boot.sdi', 'boot/etfsboot.com', 'boot/fonts/wgl4_boot.ttf', 'bootmgr', 'bootmgr.efi'],
      ...['efi/boot/bootx64.efi', 'efi/microsoft/boot/bcd', 'efi/microsoft/boot/efisys_noprompt.bin'],
      ...['osrun/init/boot-0.ps1', 'osrun/init/osrun-agent.exe', 'osrun/settings.cmd', 'osrun/unattend.xml'],
      ...['osrun/registry/slim-system.reg', 'sources/boot.wim'],
    ]),
  )
  expect(paths).not.toContain('boot/bootfix.bin')
  const boot = join(folder, 'sources/boot.wim')
  await wimlib('verify', boot)
  const said = await wimlib('info', boot)
  for (const line of [/^Image Count: +1$/m, /^Boot Index: +1$/m, /^Compression: +(?:LZX|XPRESS)$/m]) {
    expect(said).toMatch(line)
  }
  const inside = await wimlib('dir', boot, '1')
  expect(inside).toContain('/osrun/pe.cmd\n')
  expect(inside.match(/winpeshl\.ini/gi)).toHaveLength(1)
  expect(await wimlib('extract', boot, '1', '/Windows/System32/winpeshl.ini', '--to-stdout')).toContain(
    'X:\\osrun\\pe.cmd',
  )
  const settings = await readFile(join(folder, 'osrun/settings.cmd'), 'latin1')
  expect(settings).toContain(`set "index=${media.image.index}"\r\n`)
  // What is read by systems without UDF is the same.
  expect((await unpack(media.boot, 'Iso')).paths.map((path) => path.toLowerCase())).toEqual(
    expect.arrayContaining(paths.map((path) => path.toLowerCase())),
  )
  return paths
}

async function expectInstallImage(file: string, index: number): Promise<void> {
  await wimlib('verify', file)
  const folder = await room()
  await wimlib('apply', file, String(index), folder, '--no-acls')
  for (const [path, content] of Object.entries(editionTree)) {
    expect(await readFile(join(folder, path), 'utf8')).toBe(content)
  }
}

describe('a UUP set', () => {
  test('becomes a boot medium, and a medium with a whole install image', async () => {
    const folder = await room()
    const medium = await makeUupSet(join(folder, 'set [1] of *'))
    const { media, phases } = await build(medium, folder)
    await expectBootMedium(media)
    expect(media.image).toEqual({
      ...{ index: 1, name: 'Windows 11 Pro', edition: 'Professional' },
      ...{ language: 'en-US', architecture: 'x64', build: '26100.1742' },
    })
    const { folder: install, paths } = await unpack(media.install)
    expect(paths).toEqual(['sources/install.wim'])
    await expectInstallImage(join(install, 'sources/install.wim'), 1)
    expect(await readdir(join(folder, 'out'))).toEqual(['boot.iso', 'install.iso'])
    expect(new Set(phases)).toContain('media of win11: making the install image')
  })

  test('without its reference says what is missing', async () => {
    const folder = await room()
    const medium = await makeUupSet(join(folder, 'set'))
    await rm(join(folder, 'set', 'client-features.esd'))
    await expect(build(medium, folder)).rejects.toMatchObject({
      code: 'MEDIA_BUILD_FAILED',
      message: expect.stringMatching(/wimlib-imagex ended with exit code \d+ while exporting Windows 11 Pro.*\n.*/),
    })
    expect(await readdir(join(folder, 'out'))).toEqual([])
  })

  test('of another edition lists what it has', async () => {
    const folder = await room()
    const medium = await makeUupSet(join(folder, 'set'), { ...pro, edition: 'Core', language: 'de-DE' })
    await expect(build(medium, folder)).rejects.toMatchObject({
      code: 'MEDIUM_UNUSABLE',
      message: expect.stringMatching(/Expected Professional, en-us, x64 .* which has Core de-DE x64/),
    })
  })
})

describe('an ESD of the catalogue', () => {
  test('is on the install medium as it was, with the index that its XML gives the edition', async () => {
    const folder = await room()
    const file = join(folder, '26100.esd')
    const { media } = await build(await makeEsd(file), folder)
    await expectBootMedium(media)
    expect(media.image).toMatchObject({ index: 5, edition: 'Professional' })
    const { folder: install, paths } = await unpack(media.install)
    expect(paths).toEqual(['sources/install.esd'])
    const digest = async (path: string) =>
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
    expect(await digest(join(install, 'sources/install.esd'))).toBe(await digest(file))
    await expectInstallImage(join(install, 'sources/install.esd'), 5)
  })

  test('has one ISO on request, which boots and has the install image', async () => {
    const folder = await room()
    const { media } = await build(await makeEsd(join(folder, '26100.esd')), folder, { single: true })
    expect(media.install).toBe(media.boot)
    expect(await expectBootMedium(media)).toContain('sources/install.esd')
    expect(await readdir(join(folder, 'out'))).toEqual(['boot.iso'])
  })

  test('without a Windows PE that can install says what each lacks', async () => {
    const folder = await room()
    const file = join(folder, 'other.esd')
    const medium = await makeEsd(file)
    await wimlib('delete', file, '3', '--soft')
    await expect(build(medium, folder)).rejects.toMatchObject({
      code: 'MEDIUM_UNUSABLE',
      message: expect.stringMatching(/image 2 "Microsoft Windows PE" lacks bcdboot\.exe, diskpart\.exe, dism\.exe/),
    })
  })
})

describe("a user's ISO", () => {
  test.each(['install.wim', 'install.esd'])('with %s stays the install medium, untouched', async (name) => {
    const folder = await room()
    const file = join(folder, 'my windows.iso')
    const medium = await makeIso(file, name)
    const before = await readFile(file)
    const { media } = await build(medium, folder)
    await expectBootMedium(media)
    expect(media).toMatchObject({ install: file, image: { index: 2, edition: 'Professional', name: 'Windows 11 Pro' } })
    expect(Buffer.compare(await readFile(file), before)).toBe(0)
    expect(await readdir(join(folder, 'out'))).toEqual(['boot.iso'])
  })

  test('is unpacked for one ISO', async () => {
    const folder = await room()
    const { media } = await build(await makeIso(join(folder, 'a.iso'), 'install.wim'), folder, { single: true })
    const { folder: unpacked } = await unpack(media.boot)
    await expectInstallImage(join(unpacked, 'sources/install.wim'), 2)
  })

  test('of something else is refused', async () => {
    const folder = await room()
    await mkdir(join(folder, 'tree'))
    await writeFile(join(folder, 'tree', 'readme.txt'), 'not Windows')
    await execa('genisoimage', ['-quiet', '-o', join(folder, 'other.iso'), '-udf', join(folder, 'tree')])
    const medium = { ...(await makeEsd(join(folder, 'x.esd'))), kind: 'iso', file: join(folder, 'other.iso') } as Medium
    await expect(build(medium, folder)).rejects.toMatchObject({
      code: 'MEDIUM_UNUSABLE',
      message: expect.stringContaining('it has no sources/install.wim, .esd or .swm'),
    })
  })

  test('without what boots it is refused', async () => {
    const folder = await room()
    const medium = await makeIso(join(folder, 'a.iso'), 'install.wim', { 'setup.exe': 'setup' })
    await expect(build(medium, folder)).rejects.toMatchObject({
      code: 'MEDIUM_UNUSABLE',
      message: expect.stringContaining('boot/etfsboot.com'),
    })
  })
})

describe('a bare WIM', () => {
  test('boots with its own recovery environment and its own boot files', async () => {
    const folder = await room()
    const { media } = await build(await makeBareWim(join(folder, 'captured.wim')), folder)
    await expectBootMedium(media)
    const { folder: install } = await unpack(media.install)
    await expectInstallImage(join(install, 'sources/install.wim'), 1)
  })

  test('without one asks for the ISO', async () => {
    const folder = await room()
    const file = join(folder, 'captured.wim')
    const medium = await makeBareWim(file)
    await wimlib('update', file, '1', '--command=delete /Windows/System32/Recovery --recursive')
    await expect(build(medium, folder)).rejects.toMatchObject({
      code: 'MEDIUM_UNUSABLE',
      message: expect.stringMatching(/winre\.wim in image 1.*Give the ISO/),
    })
  })
})

describe('making media', () => {
  test('ends at once when it is canceled, and leaves nothing', async () => {
    const folder = await room()
    const medium = await makeEsd(join(folder, 'a.esd'))
    const abort = new AbortController()
    const onProgress = ({ phase }: { phase: string }) => phase.includes('boot.wim') && abort.abort()
    await expect(build(medium, folder, { signal: abort.signal, onProgress })).rejects.toMatchObject({
      code: 'CANCELED',
    })
    expect(await readdir(join(folder, 'out'))).toEqual([])
  })

  test('names the option that is wrong, and leaves nothing', async () => {
    const folder = await room()
    const medium = await makeEsd(join(folder, 'a.esd'))
    await expect(build(medium, folder, { wishes: { computer: 'no_name' } })).rejects.toMatchObject({
      code: 'BAD_OPTION',
    })
    expect(await readdir(join(folder, 'out'))).toEqual([])
  })

  test('puts own steps and drivers on the boot medium', async () => {
    const folder = await room()
    const [own, drivers] = [join(folder, 'own'), join(folder, 'drivers')]
    await mkdir(own)
    await mkdir(join(drivers, 'viostor/w11/amd64'), { recursive: true })
    await writeFile(join(own, '10-tools.ps1'), 'exit 0\n')
    await writeFile(join(drivers, 'viostor/w11/amd64/viostor.inf'), '[Version]\n')
    const { media } = await build(await makeEsd(join(folder, 'a.esd')), folder, { own, drivers })
    const { paths } = await unpack(media.boot)
    expect(paths).toEqual(
      expect.arrayContaining(['osrun/own/10-tools.ps1', 'osrun/drivers/viostor/w11/amd64/viostor.inf']),
    )
    await writeFile(join(own, 'ünsafe%.ps1'), '')
    await expect(build(await makeEsd(join(folder, 'b.esd')), folder, { own })).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringContaining('media.own'),
    })
  })
})
