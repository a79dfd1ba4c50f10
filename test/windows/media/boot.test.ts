import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'
import { buildMedia } from '../../../src/windows/media/build-media.ts'
import { biosText, makeEsd, missingPrograms } from './made-media.ts'

async function bootMedium(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'osrun boot '))
  onTestFinished(() => rm(folder, { recursive: true }))
  const agentExe = join(folder, 'agent.exe')
  await writeFile(agentExe, 'MZ')
  const { boot } = await buildMedia({
    medium: await makeEsd(join(folder, 'a.esd')),
    wanted: { edition: 'Professional', language: 'en-us', architecture: 'x64' },
    ...{ guest: 'win11', profile: 'slim', agentExe, folder: join(folder, 'out'), onProgress: () => {} },
  })
  return boot
}

const qemu = await execa('qemu-system-x86_64', ['--version'], { reject: false })

test.skipIf(qemu.failed || missingPrograms.length > 0)(
  'a BIOS boots the medium: the first code of it runs, without a key (needs QEMU and wimlib)',
  async () => {
    const boot = await bootMedium()
    // The exit code is what the boot code writes to the device, doubled, and one more.
    const ended = await execa(
      'qemu-system-x86_64',
      [
        ...['-nodefaults', '-no-user-config', '-machine', 'q35', '-accel', 'tcg', '-m', '64', '-display', 'none'],
        ...['-drive', `if=none,id=cd,media=cdrom,readonly=on,format=raw,file=${boot}`, '-device', 'ide-cd,drive=cd'],
        ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04', '-serial', 'stdio', '-no-reboot'],
      ],
      { reject: false, stdin: 'ignore', timeout: 60_000, forceKillAfterDelay: 1000 },
    )
    expect(ended.stdout).toContain(biosText)
    expect(ended).toMatchObject({ exitCode: 1, timedOut: false })
  },
  120_000,
)

test.skipIf(missingPrograms.length > 0)('the boot catalogue has an entry for BIOS, and one for UEFI', async () => {
  const boot = await bootMedium()
  const iso = await readFile(boot)
  // El Torito: the record is in sector 17 and says where the catalogue is: entries of 32 bytes.
  expect(iso.toString('latin1', 17 * 2048 + 7, 17 * 2048 + 30)).toBe('EL TORITO SPECIFICATION')
  const catalogue = iso.subarray(iso.readUInt32LE(17 * 2048 + 71) * 2048)
  expect([catalogue[0], catalogue[1]]).toEqual([1, 0x00])
  expect(catalogue[32]).toBe(0x88)
  expect([catalogue[64], catalogue[65]]).toEqual([0x91, 0xef])
  expect(catalogue[96]).toBe(0x88)
  const uefi = iso.subarray(catalogue.readUInt32LE(96 + 8) * 2048)
  expect(uefi.toString('latin1', 0, 6)).toBe('fatfat')
})
