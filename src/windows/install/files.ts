import { renderAnswerFile } from './answer-file.ts'
import type { Scripts } from './init-folder.ts'
import type { Install } from './install.ts'
import { registryFilesOf } from './registry.ts'
import { renderSettingsCmd, renderSettingsJson } from './settings.ts'

/** A file of a medium: its path there, with slashes, and its bytes or where this host has them. */
export type MediumFile = { readonly path: string } & ({ readonly content: Uint8Array } | { readonly source: string })

/** Files of this host that go onto the medium beside the scripts. */
export interface Additions {
  /** The compiled agent. */
  readonly agent: string
  /** The user's own steps: files by name. `boot-1.ps1` runs each `*.ps1` among them, in the order of their names. */
  readonly own?: readonly { readonly name: string; readonly source: string }[]
  /** Drivers, by path relative to their folder. */
  readonly drivers?: readonly { readonly name: string; readonly source: string }[]
}

/** Where Windows PE has what it starts; it goes into `boot.wim`, the rest lies beside it on the medium. */
export function peFiles(scripts: Scripts): MediumFile[] {
  return [
    { path: 'Windows/System32/winpeshl.ini', content: script(scripts, 'winpeshl.ini') },
    { path: 'osrun/pe.cmd', content: script(scripts, 'pe.cmd') },
  ]
}

/** All files of the boot medium below `\osrun`. */
export function installFiles(install: Install, scripts: Scripts, key: string, additions: Additions): MediumFile[] {
  const { agent, own = [], drivers = [] } = additions
  return [
    { path: 'osrun/settings.cmd', content: encode('settings.cmd', renderSettingsCmd(install, key)) },
    { path: 'osrun/unattend.xml', content: encode('unattend.xml', renderAnswerFile(install)) },
    ...['disk-bios.txt', 'disk-uefi.txt'].map((name) => ({ path: `osrun/${name}`, content: script(scripts, name) })),
    ...registryFilesOf(install).map((name) => ({
      path: `osrun/registry/${name}`,
      content: script(scripts, `registry/${name}`),
    })),
    ...['boot-0.ps1', 'boot-1.ps1', 'steps.ps1'].map((name) => ({
      path: `osrun/init/${name}`,
      content: script(scripts, name),
    })),
    { path: 'osrun/init/settings.json', content: encode('settings.json', renderSettingsJson(install, key)) },
    { path: 'osrun/init/osrun-agent.exe', source: agent },
    ...own.map(({ name, source }) => ({ path: `osrun/own/${name}`, source })),
    ...drivers.map(({ name, source }) => ({ path: `osrun/drivers/${name}`, source })),
  ]
}

function script(scripts: Scripts, name: string): Uint8Array {
  const text = scripts.get(name)
  if (text === undefined) {
    throw new TypeError(`win11-init has no ${name}`)
  }
  return encode(name, text)
}

/** The bytes that Windows' own programs expect of a text file of that name. */
export function encode(name: string, text: string): Uint8Array {
  const lines = text.replace(/\r?\n/g, '\r\n')
  return name.endsWith('.reg') ? Buffer.from(`\ufeff${lines}`, 'utf16le') : Buffer.from(lines, 'latin1')
}
