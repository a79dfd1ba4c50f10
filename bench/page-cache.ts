import { execa } from 'execa'

/**
 * Makes the next reader of these files wait for the disk. Only they leave the kernel's page cache: that needs no root,
 * as dropping all would, leaves whatever else runs here alone, and is the same for both ways, QEMU's own program too.
 * Pages that a process has mapped stay.
 */
export async function dropFromPageCache(files: readonly string[]): Promise<void> {
  // What is not yet on the disk cannot leave.
  await execa('sync', ['--data', ...files], { stdin: 'ignore' })
  await Promise.all(files.map((file) => execa('dd', [`if=${file}`, 'iflag=nocache', 'count=0'], { stdin: 'ignore' })))
}
