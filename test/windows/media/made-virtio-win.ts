// What virtio-win looks like from outside: its folders, and INF files that name the devices that the real ones are for.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { putTree, type Tree } from './made-media.ts'

const devices = { viostor: 'DEV_1001', NetKVM: 'DEV_1000', vioserial: 'DEV_1003', viorng: 'DEV_1005', qxldod: '' }

/** What stands in the INF of a driver, in the bytes of the file: some are UTF-16. */
export function inf(device: string, encoding: 'utf16le' | 'latin1' = 'latin1'): Buffer {
  const text = `[Version]\r\nSignature="$WINDOWS NT$"\r\n[x.NTamd64]\r\n%x% = x, PCI\\VEN_1AF4&${device}&REV_00\r\n`
  return Buffer.from(encoding === 'utf16le' ? `\ufeff${text}` : text, encoding)
}

/** The content of the ISO, with drivers for these folders of versions. */
export function virtioWinTree(versions: readonly string[] = ['w10', 'w11', '2k22', '2k25']): Tree {
  const drivers = Object.entries(devices).flatMap(([driver, device]) =>
    versions.flatMap((version) =>
      ['amd64', 'x86', 'ARM64'].map((architecture) => {
        const folder = `${driver}/${version}/${architecture}/${driver.toLowerCase()}`
        const encoding = driver === 'NetKVM' ? 'utf16le' : 'latin1'
        return {
          [`${folder}.inf`]: inf(device, encoding),
          [`${folder}.sys`]: `code of ${driver} for ${version}, ${architecture}`,
          [`${folder}.cat`]: 'signature',
        }
      }),
    ),
  )
  return Object.assign({ 'virtio-win_license.txt': 'licence', 'guest-agent/qemu-ga-x86_64.msi': 'agent' }, ...drivers)
}

/** Such an ISO. */
export async function virtioWinIso(folder: string, tree: Tree = virtioWinTree()): Promise<string> {
  const content = join(folder, 'virtio-win content')
  await mkdir(content, { recursive: true })
  await putTree(content, tree)
  const iso = join(folder, 'virtio-win 0.1.iso')
  await execa('genisoimage', ['-quiet', '-J', '-joliet-long', '-R', '-V', 'virtio-win', '-o', iso, content])
  return iso
}
