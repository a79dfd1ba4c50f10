import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { isOsrunError, OsrunError } from '../../protocol/errors.ts'
import { type WindowsGuest, windowsGuests } from '../windows-guests.ts'
import { demandPlainName, type HostFile, onHost } from './additions.ts'
import { extractIsoCommand, listIsoCommand } from './command-lines.ts'
import { parseListing } from './iso.ts'
import { runProgram } from './program.ts'

/** Drivers of virtio, where this host has them until it is disposed. */
export interface VirtioDrivers extends AsyncDisposable {
  readonly files: readonly HostFile[]
}

const field = 'media.virtioDrivers'

/** Those of the devices that a machine on virtio has, as virtio-win calls their folders. */
const drivers = ['viostor', 'netkvm', 'vioserial', 'viorng'] as const
/** Without these no such machine starts, or none can reach its agent: by their PCI device, old and new. */
const needed = [
  { driver: 'viostor', what: 'disks', device: /VEN_1AF4&DEV_(1001|1042)/i },
  { driver: 'netkvm', what: 'network cards', device: /VEN_1AF4&DEV_(1000|1041)/i },
] as const
/** Folders of virtio-win by Windows, best first: older ones have none for the newest server. */
const versions: Readonly<Record<WindowsGuest, readonly string[]>> = {
  ...{ win11: ['w11'], win10: ['w10'], server2022: ['2k22'], server2025: ['2k25', '2k22'] },
}

/**
 * The drivers for that Windows out of virtio-win: its ISO, a folder with the ISO's content, or one with nothing but
 * drivers for this Windows.
 * @param given their path; undefined for none
 * @throws OsrunError BAD_OPTION where they are not in it, HOST_FILE_FAILED, HOST_INCOMPLETE, CANCELED
 */
export async function openVirtioDrivers(
  given: string | undefined,
  guest: WindowsGuest,
  signal?: AbortSignal,
): Promise<VirtioDrivers> {
  if (given === undefined) {
    return { files: [], [Symbol.asyncDispose]: async () => {} }
  }
  const path = resolve(given)
  const isFolder = (await onHost(path, () => stat(path))).isDirectory()
  const there = await (isFolder ? filesOfFolder(path) : filesOfIso(path, signal))
  const chosen = chooseDrivers(there, guest, isFolder)
  if (typeof chosen === 'string') {
    throw bad(path, guest, chosen)
  }
  for (const { name } of chosen) {
    demandPlainName(field, path, name)
  }
  const work = isFolder ? undefined : await mkdtemp(join(tmpdir(), 'osrun-virtio-'))
  const dispose = async () => work && (await rm(work, { recursive: true, force: true }))
  try {
    if (work !== undefined) {
      const command = extractIsoCommand(
        path,
        chosen.map((each) => each.path),
        work,
      )
      await runProgram(command, { folder: work, signal, what: `copying drivers from ${path}` })
    }
    const files = chosen.map((each) => ({ name: each.name, source: join(work ?? path, each.path) }))
    const lacking = await whatLacks(files)
    if (lacking !== undefined) {
      throw bad(path, guest, lacking)
    }
    return { files, [Symbol.asyncDispose]: async () => void (await dispose()) }
  } catch (error) {
    await dispose()
    throw error
  }
}

/**
 * Which of these files are drivers for that Windows.
 * @param paths with slashes
 * @param isFolder whether it may be a folder of the user's own, with drivers and nothing else
 * @returns where each is, and its name among the drivers; or a text that says what is there instead
 */
export function chooseDrivers(
  paths: readonly string[],
  guest: WindowsGuest,
  isFolder: boolean,
): { path: string; name: string }[] | string {
  const parts = paths.flatMap((path) => {
    const found = /^(\w+)\/(\w+)\/(amd64|arm64|x86)\/(.+)$/i.exec(path)
    const [, driver = '', version = '', architecture = '', name = ''] = found ?? []
    const known = drivers.find((each) => each === driver.toLowerCase())
    return known === undefined
      ? []
      : [{ path, driver: known, version: version.toLowerCase(), architecture: architecture.toLowerCase(), name }]
  })
  if (parts.length === 0) {
    return isFolder && paths.some(isInf)
      ? paths.map((path) => ({ path, name: path }))
      : `it has none of them${paths.length === 0 ? ', nor any file' : ''}`
  }
  const fitting = drivers.flatMap((driver) => {
    const those = parts.filter((each) => each.driver === driver && each.architecture === 'amd64')
    const version = versions[guest].find((each) => those.some((file) => file.version === each))
    return those.filter((each) => each.version === version)
  })
  const lacking = needed.filter(({ driver }) => !fitting.some((each) => each.driver === driver))
  if (lacking.length > 0) {
    const there = parts.filter(({ driver }) => lacking.some((each) => each.driver === driver))
    const folders = new Set(there.map(({ driver, version, architecture }) => `${driver}/${version}/${architecture}`))
    const without = lacking.map(({ driver }) => driver).join(' and ')
    return `it has no such ${without}${folders.size === 0 ? '' : `, but ${[...folders].sort().join(', ')}`}`
  }
  return fitting.map(({ path, driver, name }) => ({ path, name: `${driver}/${name}` }))
}

function isInf(path: string): boolean {
  return path.toLowerCase().endsWith('.inf')
}

/** What no INF is for, though it has to be, for a person. */
async function whatLacks(files: readonly HostFile[]): Promise<string | undefined> {
  const texts = await Promise.all(files.filter(({ name }) => isInf(name)).map(({ source }) => readInf(source)))
  const lacking = needed.filter(({ device }) => !texts.some((text) => device.test(text)))
  return lacking.length === 0
    ? undefined
    : `none of its ${texts.length} INF files is for virtio's ${lacking.map(({ what }) => what).join(' or ')}`
}

async function readInf(path: string): Promise<string> {
  const bytes = await onHost(path, () => readFile(path))
  return bytes.toString(bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf16le' : 'latin1')
}

async function filesOfFolder(folder: string): Promise<string[]> {
  const entries = await onHost(folder, () => readdir(folder, { withFileTypes: true, recursive: true }))
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort()
}

async function filesOfIso(path: string, signal: AbortSignal | undefined): Promise<string[]> {
  try {
    const listing = await runProgram(listIsoCommand(path), { folder: tmpdir(), signal, what: `looking into ${path}` })
    return parseListing(listing.toString('utf8')).sort()
  } catch (cause) {
    if (isOsrunError(cause) && cause.code === 'MEDIA_BUILD_FAILED') {
      throw new OsrunError(
        'BAD_OPTION',
        `Expected \`${field}\` to be the ISO virtio-win or a folder with its drivers, got ${path}: ${cause.message}`,
        { cause },
      )
    }
    throw cause
  }
}

function bad(path: string, guest: WindowsGuest, came: string): OsrunError {
  const folders = versions[guest].map((version) => `viostor/${version}/amd64 and NetKVM/${version}/amd64`).join(', or ')
  return new OsrunError(
    'BAD_OPTION',
    `Expected \`${field}\` to have virtio's drivers for disks and network cards of ${windowsGuests[guest].title} ` +
      `(${folders}), got ${path}: ${came}.`,
  )
}
