import { join } from 'node:path'
import { execa } from 'execa'

/**
 * The wine guest's file system as an ext4 file, as small as it gets: what the stand-in is in the end, with our agent.
 * @param disk the guest's qcow2
 */
export async function wineRoot(disk: string, folder: string): Promise<string> {
  const root = join(folder, 'root.ext4')
  await execa('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', disk, root])
  await execa('e2fsck', ['-f', '-y', root], { reject: false })
  await execa('resize2fs', ['-M', root])
  const { stdout } = await execa('dumpe2fs', ['-h', root])
  const [, count] = /^Block count:\s+(\d+)/m.exec(stdout) ?? []
  const [, size] = /^Block size:\s+(\d+)/m.exec(stdout) ?? []
  // A little room to write into.
  await execa('truncate', ['--size', String(Number(count) * Number(size) + 64 * 2 ** 20), root])
  await execa('resize2fs', [root])
  return root
}
