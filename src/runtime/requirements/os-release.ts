import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Which system a host runs, as its `os-release` says. */
export interface Release {
  /** `debian`, `ubuntu`, `fedora`. */
  readonly id: string
  /** Ids of the systems that this one was made from. */
  readonly like: readonly string[]
  /** For a person: "Debian GNU/Linux 12 (bookworm)". */
  readonly name: string
  /** "12", "25.10"; a release still in the making has none. */
  readonly version?: string
  readonly codename?: string
}

/** The release of this host, or undefined where there is no such file. @param etc default `/etc` */
export async function readRelease(etc = '/etc'): Promise<Release | undefined> {
  const text = await readFile(join(etc, 'os-release'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : parseOsRelease(text)
}

/** Reads an `os-release` file: lines of shell assignments. */
export function parseOsRelease(text: string): Release {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const assignment = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line.trim())
    if (assignment) {
      const [, name = '', value = ''] = assignment
      values.set(name, unquote(value))
    }
  }
  const id = values.get('ID') ?? 'linux'
  const version = values.get('VERSION_ID')
  const codename = values.get('VERSION_CODENAME')
  return {
    id,
    like: (values.get('ID_LIKE') ?? '').split(' ').filter((word) => word !== ''),
    name: values.get('PRETTY_NAME') ?? id,
    ...(version ? { version } : {}),
    ...(codename ? { codename } : {}),
  }
}

function unquote(value: string): string {
  const quoted = /^(["'])(.*)\1$/.exec(value)
  return quoted?.[1] === "'" ? (quoted[2] ?? '') : (quoted?.[2] ?? value).replace(/\\(.)/g, '$1')
}
