import { statfs } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { kvmDeviceProblem } from '../../machines/probe/device.ts'
import { formatBytes } from '../../snapshots/room.ts'
import { installMemoryMiB, installRoom } from '../../windows/install-needs.ts'
import { findInstalled } from '../../windows/installed.ts'
import { type Finding, nearestFolder } from './host-findings.ts'

/** What of a Windows guest there is, and what its installation will meet here. */
export interface WindowsState {
  readonly isInstalled: boolean
  readonly findings: readonly Finding[]
}

/**
 * Looks at what a Windows guest depends on, besides programs.
 * @param emulated whether guests are known to run without hardware acceleration; undefined where nothing was tried
 */
export async function examineWindows(
  guest: string,
  cache: string,
  emulated: boolean | undefined,
): Promise<WindowsState> {
  const what = `guest ${guest}`
  const installed = await findInstalled(join(cache, 'guests', guest))
  const slowness = await speedFinding(guest, emulated)
  if (installed !== undefined) {
    const { edition, language, build, profile } = installed.note
    const detail = `installed: ${edition}, ${language}, build ${build}, profile ${profile}`
    return { isInstalled: true, findings: [{ mark: 'ok', what, detail }, ...slowness] }
  }
  const there: Finding = { mark: 'note', what, detail: 'not installed', todo: `\`osrun install ${guest}\` installs it` }
  return { isInstalled: false, findings: [there, await roomFinding(cache), memoryFinding(totalmem()), ...slowness] }
}

async function roomFinding(cache: string): Promise<Finding> {
  const what = 'room for Windows'
  const { bavail, bsize } = await statfs(await nearestFolder(cache))
  const detail = `${formatBytes(bavail * bsize)} free in ${cache}; an installation needs ${formatBytes(installRoom)}`
  return bavail * bsize >= installRoom
    ? { mark: 'ok', what, detail }
    : { mark: 'missing', what, detail, todo: 'Free some room, or choose another folder with OSRUN_CACHE' }
}

/** Whether this much memory, in bytes, is enough for the machine that installs. */
export function memoryFinding(bytes: number): Finding {
  const needed = (installMemoryMiB + 1024) * 2 ** 20
  const what = 'memory for Windows'
  const detail = `${formatBytes(bytes)}; the machine that installs has ${formatBytes(installMemoryMiB * 2 ** 20)}`
  return bytes >= needed
    ? { mark: 'ok', what, detail }
    : { mark: 'note', what, detail, todo: `Give osrun ${formatBytes(needed)} of memory or more` }
}

async function speedFinding(guest: string, emulated: boolean | undefined): Promise<Finding[]> {
  const slow = emulated ?? (await kvmDeviceProblem()) !== undefined
  const finding: Finding = {
    mark: 'note',
    what: 'speed of Windows',
    detail:
      'without hardware acceleration it takes many hours to install, and each command ten to twenty times as long',
    todo: `Use a computer with KVM, or say that you know: \`osrun install ${guest} --slow\``,
  }
  return slow ? [finding] : []
}
