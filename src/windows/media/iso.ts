import { OsrunError } from '../../protocol/errors.ts'
import { extractIsoCommand, listIsoCommand, printIsoCommand } from './command-lines.ts'
import { readProgram, runProgram } from './program.ts'
import { parseImages, type Workshop } from './wim.ts'
import { readWimXml } from './wim-stream.ts'
import type { WimImage } from './wim-xml.ts'

/** A user's ISO of Windows, by what lies in it. */
export interface WindowsIso {
  readonly file: string
  /** The files on it, by their path in lower case: as they are called there. */
  readonly paths: ReadonlyMap<string, string>
  /** The install image, or the first part of it, as it is called there. */
  readonly install: string
  readonly images: readonly WimImage[]
}

/**
 * Looks into an ISO. Its install image is read through once, since its list of editions is at its end.
 * @throws OsrunError MEDIUM_UNUSABLE where it is no ISO of Windows
 */
export async function openIso(file: string, workshop: Workshop): Promise<WindowsIso> {
  const listed = await runProgram(listIsoCommand(file), { ...workshop, what: `looking into ${file}` })
  const paths = new Map(parseListing(listed.toString('utf8')).map((path) => [path.toLowerCase(), path]))
  const names = ['install.wim', 'install.esd', 'install.swm'].map((name) => `sources/${name}`)
  const install = names.map((name) => paths.get(name)).find((path) => path !== undefined)
  if (install === undefined || !paths.has('sources/boot.wim')) {
    const missing = install === undefined ? 'sources/install.wim, .esd or .swm' : 'sources/boot.wim'
    throw new OsrunError('MEDIUM_UNUSABLE', `Expected ${file} to be an ISO of Windows, but it has no ${missing}.`)
  }
  const what = `reading ${install} of ${file}`
  const xml = await readProgram(printIsoCommand(file, install), { ...workshop, what }, readWimXml)
  if (xml === undefined) {
    throw new OsrunError('MEDIUM_UNUSABLE', `Expected ${install} of ${file} to be a WIM, but it is none, or is cut.`)
  }
  return { file, paths, install, images: parseImages(`${install} of ${file}`, xml) }
}

/** Copies files of an ISO into a folder. @returns their paths there */
export async function extractIso(
  iso: WindowsIso,
  wanted: (path: string) => boolean,
  to: string,
  workshop: Workshop,
): Promise<string[]> {
  const paths = [...iso.paths].filter(([path]) => wanted(path)).map(([, path]) => path)
  if (paths.length > 0) {
    await runProgram(extractIsoCommand(iso.file, paths, to), { ...workshop, what: `copying from ${iso.file}` })
  }
  return paths
}

/** The files in what 7-Zip lists: a block for each entry, with an empty line between. */
export function parseListing(text: string): string[] {
  return text.split(/\r?\n\r?\n/).flatMap((block) => {
    const path = /^Path = (.+)$/m.exec(block)?.[1]
    return path === undefined || /^Folder = \+$/m.test(block) || /^Attributes = D/m.test(block)
      ? []
      : [path.replaceAll('\\', '/')]
  })
}
