import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where apt takes packages from: one enabled entry of its configuration. */
export interface AptSource {
  readonly types: readonly string[]
  readonly uris: readonly string[]
  readonly suites: readonly string[]
  readonly components: readonly string[]
  /** All else that was configured, such as `Signed-By`, as fields of a `.sources` file. */
  readonly fields: ReadonlyMap<string, string>
}

/** The enabled sources of this host. @param etc default `/etc` */
export async function readAptSources(etc = '/etc'): Promise<AptSource[]> {
  const parts = join(etc, 'apt', 'sources.list.d')
  const names = (await readdir(parts).catch(() => [])).sort().map((name) => join(parts, name))
  const sources: AptSource[] = []
  for (const path of [join(etc, 'apt', 'sources.list'), ...names]) {
    const parse = path.endsWith('.sources') ? parseStanzas : path.endsWith('.list') ? parseLines : undefined
    if (parse !== undefined) {
      sources.push(...parse(await readFile(path, 'utf8').catch(() => '')))
    }
  }
  return sources
}

/** Reads a `.sources` file: stanzas of fields, as deb822(5) has them. */
export function parseStanzas(text: string): AptSource[] {
  const lines = text.split('\n').filter((line) => !line.startsWith('#'))
  return lines
    .join('\n')
    .split(/\n(?:[ \t]*\n)+/)
    .map(parseStanza)
    .filter((source) => source !== undefined)
}

/** Reads a `.list` file: one source a line, its options in square brackets. */
export function parseLines(text: string): AptSource[] {
  return text
    .split('\n')
    .map((line) => parseLine(line.replace(/#.*/, '').trim()))
    .filter((source) => source !== undefined)
}

function parseStanza(stanza: string): AptSource | undefined {
  const fields = new Map<string, string>()
  for (const field of stanza.split(/\n(?![ \t])/)) {
    const parts = /^([^:\s]+):[ \t]*(.*)$/s.exec(field)
    if (parts) {
      const [, name = '', value = ''] = parts
      fields.set(canonical(name), value.trimEnd())
    }
  }
  const take = (name: string) => {
    const value = fields.get(name) ?? ''
    fields.delete(name)
    return value.split(/\s+/).filter((word) => word !== '')
  }
  const enabled = take('Enabled')[0] ?? 'yes'
  const source = { types: take('Types'), uris: take('URIs'), suites: take('Suites'), components: take('Components') }
  return source.types.length === 0 || /^(no|false|without|off|disable|0)$/i.test(enabled)
    ? undefined
    : { ...source, fields }
}

function parseLine(line: string): AptSource | undefined {
  const parts = /^(deb|deb-src)\s+(?:\[([^\]]*)\]\s+)?(cdrom:\[[^\]]*\]\S*|\S+)\s+(\S+)\s*(.*)$/.exec(line)
  if (parts === null) {
    return undefined
  }
  const [, type = '', options = '', uri = '', suite = '', components = ''] = parts
  const fields = new Map<string, string>()
  for (const option of options.split(/\s+/)) {
    const [name = '', value] = option.split('=', 2)
    if (value !== undefined) {
      fields.set(canonical(optionFields.get(name) ?? name), value.replaceAll(',', ' '))
    }
  }
  const words = components.split(/\s+/).filter((word) => word !== '')
  return { types: [type], uris: [uri], suites: [suite], components: words, fields }
}

// The options of the one-line form that are not the field's name in lower case.
const optionFields: ReadonlyMap<string, string> = new Map([
  ['arch', 'Architectures'],
  ['arch+', 'Architectures-Add'],
  ['arch-', 'Architectures-Remove'],
  ['lang', 'Languages'],
  ['target', 'Targets'],
])

function canonical(name: string): string {
  const known = ['URIs', 'PDiffs', 'InRelease-Path'].find((field) => field.toLowerCase() === name.toLowerCase())
  return known ?? name.toLowerCase().replace(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase())
}
