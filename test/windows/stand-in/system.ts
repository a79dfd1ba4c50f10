import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { type BootImages, bootImagePaths, isoCommand } from '../../../src/windows/media/command-lines.ts'

/** The media of a system that stands in for Windows: it is installed by the same boots, and reports by the same words. */
export interface StandIn extends AsyncDisposable {
  /** A medium that starts it, with that plan of what shall go wrong. */
  boot(plan?: string): Promise<string>
  /** A medium with what is applied: a disk image. */
  readonly install: string
  /** Both media for UEFI: the first with the entry that our media have, the second with a disk of GPT. */
  uefi(plan?: string): Promise<readonly [boot: string, install: string]>
}

/**
 * Builds one from Debian's kernel, busybox and syslinux.
 * @param root an ext4 file system for its second partition: what the installed system is in the end
 */
export async function buildStandIn(root?: string): Promise<StandIn> {
  const folder = await mkdtemp(join(tmpdir(), 'stand-in '))
  const run = (file: string, words: readonly string[], cwd = folder) => execa(file, words, { cwd })
  const { vmlinuz, initrd } = await buildKernel(folder)
  const system = join(folder, 'install', 'sources', 'install.wim')
  await mkdir(join(folder, 'install', 'sources'), { recursive: true })
  await buildDisk(system, { vmlinuz, initrd, root }, run)
  const install = join(folder, 'install.iso')
  await run('genisoimage', ['-quiet', '-iso-level', '3', '-allow-limited-size', '-o', install, 'install'])
  await rm(join(folder, 'install'), { recursive: true })
  let count = 0
  return {
    install,
    async boot(plan = '') {
      count += 1
      const name = `boot${count}`
      await mkdir(join(folder, name))
      await cp('/usr/lib/ISOLINUX/isolinux.bin', join(folder, name, 'isolinux.bin'))
      await cp('/usr/lib/syslinux/modules/bios/ldlinux.c32', join(folder, name, 'ldlinux.c32'))
      await cp(vmlinuz, join(folder, name, 'vmlinuz'))
      await cp(initrd, join(folder, name, 'initrd'))
      await writeFile(join(folder, name, 'isolinux.cfg'), loaderSettings('stage=pe'))
      await writeFile(join(folder, name, 'plan'), plan)
      const medium = join(folder, `${name}.iso`)
      const words = ['-quiet', '-iso-level', '3', '-o', medium, '-b', 'isolinux.bin', '-c', 'boot.cat']
      await run('genisoimage', [...words, '-no-emul-boot', '-boot-load-size', '4', '-boot-info-table', name])
      await rm(join(folder, name), { recursive: true })
      return medium
    },
    async uefi(plan = '') {
      count += 1
      const disk = join(folder, `install${count}`, 'sources', 'install.wim')
      await mkdir(join(folder, `install${count}`, 'sources'), { recursive: true })
      await buildGptDisk(disk, { vmlinuz, initrd }, run)
      const applied = join(folder, `install${count}.iso`)
      await run('genisoimage', ['-quiet', '-iso-level', '3', '-o', applied, `install${count}`])
      const { bios = '', uefi: image = '' }: BootImages = bootImagePaths('x64')
      const tree = join(folder, `boot${count}`)
      await mkdir(join(tree, 'efi', 'microsoft', 'boot'), { recursive: true })
      await mkdir(join(tree, 'boot'))
      await writeFile(join(tree, bios), Buffer.alloc(2048))
      await writeFile(join(tree, 'plan'), plan)
      // El Torito counts half kilobytes in 16 bits.
      await buildEfi(join(tree, image), { vmlinuz, initrd, words: 'stage=pe', mebibytes: 31 }, run)
      const medium = join(folder, `boot${count}.iso`)
      const [program = '', ...words] = isoCommand(tree, medium, 'OSRUN_BOOT', { bios, uefi: image })
      await run(program, words)
      await Promise.all([tree, join(folder, `install${count}`)].map((each) => rm(each, { recursive: true })))
      return [medium, applied]
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

const kernelWords =
  'console=ttyS0 quiet loglevel=0 panic=-1 net.ifnames=0 mitigations=off drm_kms_helper.fbdev_emulation=0 ' +
  'tsc=reliable no_timer_check'

function loaderSettings(words: string): string {
  return `default it\nlabel it\n  kernel vmlinuz\n  append initrd=initrd ${kernelWords} ${words}\n`
}

type Run = (file: string, words: readonly string[]) => Promise<unknown>

/** A FAT file system that UEFI boots: what is at a removable medium's own path there, and what that starts. */
async function buildEfi(
  image: string,
  { vmlinuz, initrd, words, mebibytes }: { vmlinuz: string; initrd: string; words: string; mebibytes: number },
  run: Run,
): Promise<void> {
  await writeFile(image, '')
  await run('truncate', ['--size', `${mebibytes}M`, image])
  await run('mkfs.fat', [image])
  await writeFile(`${image}.conf`, `linux /vmlinuz\ninitrd /initrd\noptions ${kernelWords} ${words}\n`)
  await run('mmd', ['-i', image, '::EFI', '::EFI/BOOT', '::loader', '::loader/entries'])
  const files = [
    ['/usr/lib/systemd/boot/efi/systemd-bootx64.efi', '::EFI/BOOT/BOOTX64.EFI'],
    [`${image}.conf`, '::loader/entries/it.conf'],
    [vmlinuz, '::vmlinuz'],
    [initrd, '::initrd'],
  ]
  for (const [from = '', to = ''] of files) {
    await run('mcopy', ['-i', image, from, to])
  }
  await rm(`${image}.conf`)
}

/** A disk of GPT with an EFI system partition. */
async function buildGptDisk(disk: string, kernel: { vmlinuz: string; initrd: string }, run: Run): Promise<void> {
  const partition = `${disk}.fat`
  await buildEfi(partition, { ...kernel, words: 'stage=disk', mebibytes: 64 }, run)
  await writeFile(disk, '')
  await run('truncate', ['--size', '66M', disk])
  await execa('sfdisk', ['--quiet', disk], { input: 'label: gpt\nstart=1MiB, size=64MiB, type=uefi\n' })
  await run('dd', [`if=${partition}`, `of=${disk}`, 'bs=1M', 'seek=1', 'conv=notrunc,sparse', 'status=none'])
  await rm(partition)
}

const modules = [
  ...['ahci', 'sd_mod', 'sr_mod', 'isofs', 'vfat', 'nls_cp437', 'nls_ascii', 'nls_utf8', 'ext4', 'crc32c_generic'],
  ...['e1000e', 'bochs', 'evdev', 'xhci_pci', 'usbhid', 'hid_generic', 'efivarfs'],
  ...['virtio_pci', 'virtio_blk', 'virtio_net'],
]

/** Debian's kernel, with the modules for AHCI, CD and e1000e that the wine guest's own has no use for. */
async function buildKernel(folder: string): Promise<{ vmlinuz: string; initrd: string }> {
  const { stdout } = await execa('apt-cache', ['depends', 'linux-image-amd64'])
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1] ?? ''
  await execa('apt-get', ['download', '-qq', name], { cwd: folder })
  const archive = (await readdir(folder)).find((each) => each.endsWith('.deb')) ?? ''
  await execa('dpkg-deb', ['-x', archive, 'kernel'], { cwd: folder })
  await rm(join(folder, archive))
  const version = name.replace('linux-image-', '')
  const kernel = join(folder, 'kernel')
  await execa('depmod', ['--basedir', kernel, version])
  const tree = join(folder, 'initrd-tree')
  await mkdir(join(tree, 'bin'), { recursive: true })
  await mkdir(join(tree, 'modules'))
  await cp('/bin/busybox', join(tree, 'bin', 'busybox'))
  await cp(new URL('./init', import.meta.url), join(tree, 'init'))
  const order: string[] = []
  for (const module of modules) {
    const words = ['--dirname', kernel, '--set-version', version, '--show-depends', '--ignore-install', module]
    const { stdout: lines } = await execa('modprobe', words)
    for (const [, path = ''] of lines.matchAll(/^insmod (.+\.ko)/gm)) {
      if (!order.includes(basename(path))) {
        order.push(basename(path))
        await cp(path, join(tree, 'modules', basename(path)))
      }
    }
  }
  const options = (module: string) => (module === 'drm_kms_helper.ko' ? ' fbdev_emulation=0' : '')
  await writeFile(join(tree, 'modules', 'order'), order.map((module) => `${module}${options(module)}\n`).join(''))
  const vmlinuz = join(folder, 'vmlinuz')
  await cp(join(kernel, 'boot', `vmlinuz-${version}`), vmlinuz)
  const initrd = join(folder, 'initrd')
  await execa(
    'sh',
    ['-c', 'chmod 755 init && find . | busybox cpio -o -H newc 2>/dev/null | gzip -9 >"$1"', 'sh', initrd],
    {
      cwd: tree,
    },
  )
  await rm(kernel, { recursive: true })
  await rm(tree, { recursive: true })
  return { vmlinuz, initrd }
}

const sector = 512
const firstSector = 2048
const bootSectors = 64 * 2048

/** A disk with a boot sector, a FAT partition that boots, and a partition with `root`. */
async function buildDisk(
  disk: string,
  { vmlinuz, initrd, root }: { vmlinuz: string; initrd: string; root?: string | undefined },
  run: Run,
): Promise<void> {
  const rootSectors = root === undefined ? 0 : Math.ceil((await stat(root)).size / sector)
  await writeFile(disk, '')
  await execa('truncate', ['--size', String((firstSector + bootSectors + rootSectors) * sector), disk])
  const partition = `${disk}.fat`
  await execa('truncate', ['--size', String(bootSectors * sector), partition])
  await run('mkfs.fat', ['-F', '16', '-h', String(firstSector), partition])
  await writeFile(`${disk}.cfg`, loaderSettings('stage=disk'))
  const files = [
    [vmlinuz, '::vmlinuz'],
    [initrd, '::initrd'],
    [`${disk}.cfg`, '::syslinux.cfg'],
  ]
  for (const [from = '', to = ''] of files) {
    await run('mcopy', ['-i', partition, from, to])
  }
  await run('syslinux', ['--install', partition])
  const table = Buffer.alloc(66)
  const entry = (index: number, type: number, first: number, count: number, active: boolean) => {
    const at = index * 16
    table[at] = active ? 0x80 : 0
    table.fill(0xff, at + 1, at + 4)
    table[at + 4] = type
    table.fill(0xff, at + 5, at + 8)
    table.writeUInt32LE(first, at + 8)
    table.writeUInt32LE(count, at + 12)
  }
  entry(0, 0x0e, firstSector, bootSectors, true)
  if (rootSectors > 0) {
    entry(1, 0x83, firstSector + bootSectors, rootSectors, false)
  }
  table.writeUInt16LE(0xaa55, 64)
  const file = await open(disk, 'r+')
  const code = (await readFile('/usr/lib/SYSLINUX/mbr.bin')).subarray(0, 440)
  await file.write(code, 0, code.length, 0)
  await file.write(table, 0, table.length, 446)
  await file.close()
  const place = async (from: string, at: number) =>
    run('dd', [
      `if=${from}`,
      `of=${disk}`,
      'bs=1M',
      `seek=${(at * sector) / 2 ** 20}`,
      'conv=notrunc,sparse',
      'status=none',
    ])
  await place(partition, firstSector)
  if (root !== undefined) {
    await place(root, firstSector + bootSectors)
  }
  await rm(partition)
  await rm(`${disk}.cfg`)
}

/** What this host lacks to build it, as the end of a test's name, or undefined. */
export async function missingForStandIn(): Promise<string | undefined> {
  const needed = [
    ...['/usr/lib/ISOLINUX/isolinux.bin', '/usr/lib/SYSLINUX/mbr.bin', '/usr/lib/syslinux/modules/bios/ldlinux.c32'],
    ...['/usr/bin/genisoimage', '/usr/bin/syslinux', '/usr/bin/mcopy', '/usr/bin/busybox', '/sbin/depmod'],
    ...['/usr/sbin/mkfs.fat', '/usr/sbin/sfdisk', '/usr/lib/systemd/boot/efi/systemd-bootx64.efi'],
    '/usr/share/OVMF/OVMF_CODE_4M.fd',
  ]
  const lacking = needed.filter((path) => !existsSync(path))
  return lacking.length === 0 ? undefined : ` (skipped: no ${lacking.join(', ')})`
}
