import type { Architecture } from '../medium.ts'
import type { CommandLine } from './program.ts'

/** A WIM or ESD, and where those are that have what it only refers to. */
export interface WimSource {
  readonly file: string
  readonly references: readonly string[]
}

function references({ references }: WimSource): string[] {
  return references.map((name) => `--ref=${escapeGlob(name)}`)
}

/** wimlib takes a reference for a pattern. */
function escapeGlob(name: string): string {
  return name.replace(/[[\]*?\\]/g, '\\$&')
}

/** Prints the XML as the file has it. */
export function infoCommand(file: string): CommandLine {
  return ['wimlib-imagex', 'info', file, '--xml']
}

/** Lists the paths in an image. */
export function dirCommand(file: string, index: number): CommandLine {
  return ['wimlib-imagex', 'dir', file, String(index)]
}

/** Copies files and folders of an image, those that are there, into a folder, with the folders above them. */
export function extractCommand(source: WimSource, index: number, paths: readonly string[], to: string): CommandLine {
  return [
    ...['wimlib-imagex', 'extract', source.file, String(index), ...paths, `--dest-dir=${to}`, '--no-acls'],
    ...['--nullglob', '--preserve-dir-structure', ...references(source)],
  ] as unknown as CommandLine
}

/** Copies one image into a file of its own. `fast` compresses it anew, less and with speed: no boot loader reads a solid one. */
export function exportCommand(
  source: WimSource,
  index: number,
  to: string,
  { boot = false, fast = false }: { boot?: boolean; fast?: boolean },
): CommandLine {
  return [
    ...['wimlib-imagex', 'export', source.file, String(index), to],
    ...(boot ? ['--boot'] : []),
    ...(fast ? ['--compress=fast'] : []),
    ...references(source),
  ] as unknown as CommandLine
}

/** Makes a WIM of a folder, to be referred to. */
export function captureCommand(folder: string, to: string): CommandLine {
  return ['wimlib-imagex', 'capture', folder, to, '--no-acls', '--norpfix', '--compress=none']
}

/** Changes an image as its stdin says: see `updateScript`. */
export function updateCommand(file: string, index: number): CommandLine {
  return ['wimlib-imagex', 'update', file, String(index), '--no-acls']
}

/** Adds each file of the working folder at its path. */
export function updateScript(files: readonly { readonly from: string; readonly path: string }[]): string {
  return files.map(({ from, path }) => `add '${from}' '/${path}'\n`).join('')
}

export function cabextractCommand(cab: string, to: string): CommandLine {
  return ['cabextract', '--quiet', '--directory', to, cab]
}

/** Lists an ISO, a block of lines for each entry. */
export function listIsoCommand(iso: string): CommandLine {
  return ['7zz', 'l', '-slt', '-ba', '-spd', '--', iso]
}

/** Copies files of an ISO into a folder, with the folders above them. */
export function extractIsoCommand(iso: string, paths: readonly string[], to: string): CommandLine {
  return ['7zz', 'x', '-y', '-bd', '-spd', `-o${to}`, '--', iso, ...paths]
}

/** Prints one file of an ISO. */
export function printIsoCommand(iso: string, path: string): CommandLine {
  return ['7zz', 'x', '-so', '-bd', '-spd', '--', iso, path]
}

/** What boots on a medium, by path; one that is not there is not booted. */
export interface BootImages {
  readonly bios?: string | undefined
  readonly uefi?: string | undefined
}

/**
 * An ISO of a folder, for Windows: UDF, which has files of more than 4 GiB, and ISO 9660 with Joliet beside it. Links in
 * the folder are followed.
 */
export function isoCommand(folder: string, to: string, label: string, boot?: BootImages): CommandLine {
  const bios = boot?.bios === undefined ? [] : ['-b', boot.bios, '-no-emul-boot']
  const uefi = boot?.uefi === undefined ? [] : ['-e', boot.uefi, '-no-emul-boot']
  const both = bios.length > 0 && uefi.length > 0 ? ['-eltorito-alt-boot'] : []
  const catalogue = bios.length + uefi.length > 0 ? ['-c', 'boot/boot.cat'] : []
  return [
    ...['genisoimage', '-o', to, '-V', label, '-f', '-udf', '-iso-level', '4', '-J', '-joliet-long', '-l', '-D', '-N'],
    ...['-relaxed-filenames', '-allow-limited-size', ...catalogue, ...bios, ...both, ...uefi, folder],
  ] as unknown as CommandLine
}

/** Where a medium has what boots it, by architecture: where it lies on Windows' own, with slashes. */
export function bootImagePaths(architecture: Architecture): Required<BootImages> | { readonly uefi: string } {
  // The other one of UEFI waits for a key.
  const uefi = 'efi/microsoft/boot/efisys_noprompt.bin'
  return architecture === 'arm64' ? { uefi } : { bios: 'boot/etfsboot.com', uefi }
}
