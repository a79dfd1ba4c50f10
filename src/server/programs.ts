import { execa } from 'execa'
import type { Programs } from '../machines/machine.ts'
import { OsrunError } from '../protocol/errors.ts'

/** Snapshots need what QEMU 10 does. */
const oldest = 10

/**
 * The QEMU of this host.
 * @throws OsrunError QEMU_UNUSABLE where it is missing or too old
 */
export async function findPrograms(): Promise<Programs & { version: string }> {
  const qemu = await locate('qemu-system-x86_64')
  const qemuImg = await locate('qemu-img')
  const { stdout } = await execa(qemu, ['--version'], { stdin: 'ignore' })
  const version = /QEMU emulator version (.+)/.exec(stdout)?.[1]?.trim() ?? stdout
  if (Number.parseInt(version, 10) < oldest) {
    throw new OsrunError(
      'QEMU_UNUSABLE',
      `Expected QEMU ${oldest} or newer, found ${version} (${qemu}). Run \`osrun doctor --install\`.`,
    )
  }
  return { qemu, qemuImg, version }
}

async function locate(program: string): Promise<string> {
  const found = await execa('which', [program], { reject: false, stdin: 'ignore' })
  if (found.failed || found.stdout === '') {
    throw new OsrunError('QEMU_UNUSABLE', `Expected \`${program}\` on PATH. Run \`osrun doctor --install\`.`)
  }
  return found.stdout
}
