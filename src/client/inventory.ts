import * as v from 'valibot'
import { OsrunError } from '../protocol/errors.ts'
import { runAgentProgram } from './agent-program.ts'
import { describeCommand } from './command-line.ts'
import { readSavedRegistry } from './saved-registry.ts'
import type { Streams } from './streams.ts'

/** Where an inventory looks. */
export interface InventoryRoots {
  /** Folders. */
  readonly files: readonly string[]
  /** Keys that begin with `HKLM\` or `HKCU\`. */
  readonly registry: readonly string[]
}

/** A file, or a folder. */
export interface FileEntry {
  /** As it is written. */
  readonly path: string
  /** Bytes; undefined for a folder. */
  readonly size: number | undefined
  /** Milliseconds since 1970; 0 for a folder. */
  readonly modified: number
}

export interface RegistryEntry {
  /** Of the key, as it is written. */
  readonly path: string
  /** Undefined for the key itself, empty for its default value. */
  readonly name: string | undefined
  /** `REG_SZ 1.2.3`; empty for a key. */
  readonly value: string
}

/** What files and what of the registry a machine has at one moment, each by what names it in upper and lower case alike. */
export interface Inventory {
  readonly files: ReadonlyMap<string, FileEntry>
  readonly registry: ReadonlyMap<string, RegistryEntry>
}

const integer = v.pipe(v.number(), v.integer())
const line = v.pipe(
  v.string(),
  v.parseJson(),
  v.union([
    v.object({ file: v.string(), size: integer, modified: integer }),
    v.object({ folder: v.string() }),
    v.object({ key: v.string() }),
    v.object({ saved: v.string(), bytes: integer }),
    v.object({ value: v.string(), type: integer, data: v.string() }),
  ]),
)

// The registry of a Windows with much installed; and how long it takes to read it under software emulation.
const longest = 512 * 2 ** 20
const deadline = 600_000

/** @throws OsrunError MACHINE_UNRESPONSIVE, AGENT_PROTOCOL, why the machine cannot be reached */
export async function takeInventory(streams: Streams, { files, registry }: InventoryRoots): Promise<Inventory> {
  const words = ['--inventory', 'files', ...files, 'registry', ...registry]
  return parseInventory(await runAgentProgram(streams, describeCommand(words), { deadline, longest }))
}

/** @throws OsrunError AGENT_PROTOCOL */
export function parseInventory(output: string): Inventory {
  const files = new Map<string, FileEntry>()
  const registry = new Map<string, RegistryEntry>()
  const add = (key: string, name: string | undefined, type: number, data: string) => {
    const value = name === undefined ? '' : `${typeNames[type] ?? `type ${type}`} ${data}`.trimEnd()
    // No key's name holds a NUL.
    registry.set((name === undefined ? key : `${key}\0${name}`).toLowerCase(), { path: key, name, value })
  }
  let key = ''
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf('\n', at)
    const text = output.slice(at, end < 0 ? undefined : end)
    at += text.length + 1
    const { success, output: told } = v.safeParse(line, text)
    if (!success) {
      throw new OsrunError('AGENT_PROTOCOL', `The guest's agent told oddly of what there is: ${text.slice(0, 200)}`)
    }
    if ('file' in told) {
      files.set(told.file.toLowerCase(), { path: told.file, size: told.size, modified: told.modified })
    } else if ('folder' in told) {
      files.set(told.folder.toLowerCase(), { path: `${told.folder}\\`, size: undefined, modified: 0 })
    } else if ('key' in told) {
      key = told.key
      add(key, undefined, 0, '')
    } else if ('saved' in told) {
      // All of it is ASCII: a byte is a character.
      for (const entry of readSavedRegistry(output.slice(at, at + told.bytes))) {
        add(entry.key === '' ? told.saved : `${told.saved}\\${entry.key}`, entry.name, entry.type, entry.data)
      }
      at += told.bytes
    } else {
      add(key, told.value, told.type, told.data)
    }
  }
  return { files, registry }
}

const typeNames: Readonly<Record<number, string>> = {
  0: 'REG_NONE',
  1: 'REG_SZ',
  2: 'REG_EXPAND_SZ',
  3: 'REG_BINARY',
  4: 'REG_DWORD',
  5: 'REG_DWORD_BIG_ENDIAN',
  6: 'REG_LINK',
  7: 'REG_MULTI_SZ',
  11: 'REG_QWORD',
}
