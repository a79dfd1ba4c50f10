import { crc32 } from 'node:zlib'
import { OsrunError } from '../protocol/errors.ts'

/** What a key or one of its values is called, and its data, as an inventory has them. */
export interface SavedEntry {
  /** Of the key, below the one that was saved; empty for that one. */
  readonly key: string
  /** Undefined for the key itself, empty for its default value. */
  readonly name: string | undefined
  readonly type: number
  readonly data: string
}

/** Of a value that is longer, its size and digest are told. */
const longestData = 1024

const types: Readonly<Record<string, number>> = { dword: 4, hex: 3, str: 1 }
/** REG_SZ, REG_EXPAND_SZ, REG_MULTI_SZ */
const texts: ReadonlySet<number> = new Set([1, 2, 7])

/**
 * Reads the text in which Wine's server saves the registry below a key. Keys without values that have others below them
 * are not in it; they come before those.
 * @throws OsrunError AGENT_PROTOCOL for another text
 */
export function* readSavedRegistry(text: string): Generator<SavedEntry> {
  if (!text.startsWith('WINE REGISTRY Version 2\n')) {
    throw odd(text)
  }
  yield { key: '', name: undefined, type: 0, data: '' }
  const seen = new Set([''])
  let key = ''
  for (const line of text.replaceAll('\\\n  ', '').split('\n')) {
    if (line.startsWith('[')) {
      key = unescaped(line.slice(1, line.lastIndexOf(']')))
      for (const each of [...parentsOf(key), key]) {
        if (!seen.has(each)) {
          seen.add(each)
          yield { key: each, name: undefined, type: 0, data: '' }
        }
      }
    } else if (line.startsWith('"') || line.startsWith('@')) {
      yield { key, ...readValue(line) }
    }
  }
}

/** From the top; the key that was saved is none of them. */
function parentsOf(key: string): string[] {
  const parts = key.split('\\')
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('\\'))
}

const valuePattern =
  /^(?:@|"((?:[^"\\]|\\.)*)")=(?:(dword|hex|str)(?:\(([0-9a-f]+)\))?:)?(?:"((?:[^"\\]|\\.)*)"|([0-9a-f,]*))$/

function readValue(line: string): Omit<SavedEntry, 'key'> {
  const found = valuePattern.exec(line)
  if (found === null) {
    throw odd(line)
  }
  const [, name = '', form = 'str', type, quoted, digits = ''] = found
  const number = type === undefined ? (types[form] ?? 0) : Number.parseInt(type, 16)
  if (form === 'dword') {
    return { name: unescaped(name), type: number, data: String(Number.parseInt(digits, 16)) }
  }
  // A text is saved without the NUL at its end, and as bytes where it has none.
  const bytes =
    quoted === undefined
      ? Buffer.from(digits.replaceAll(',', ''), 'hex')
      : Buffer.from(`${unescaped(quoted)}\0`, 'utf16le')
  return { name: unescaped(name), type: number, data: describe(bytes, number) }
}

/** As the agent does it: texts as they are, those of a list on lines, all else in hexadecimal digits. */
function describe(bytes: Buffer, type: number): string {
  if (bytes.length > longestData) {
    return `${bytes.length} bytes, digest ${crc32(bytes).toString(16).padStart(8, '0')}`
  }
  return texts.has(type) ? bytes.toString('utf16le').replace(/\0+$/, '').replaceAll('\0', '\n') : bytes.toString('hex')
}

const controls: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', t: '\t', n: '\n', v: '\v', f: '\f', r: '\r', e: '\x1b' },
}

function unescaped(text: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]{1,4})|([0-7]{1,3})|(.))/g, (_, hex, octal, other) => {
    if (hex !== undefined) {
      return String.fromCharCode(Number.parseInt(hex, 16))
    }
    return octal === undefined ? (controls[other] ?? other) : String.fromCharCode(Number.parseInt(octal, 8))
  })
}

function odd(text: string): OsrunError {
  return new OsrunError('AGENT_PROTOCOL', `The guest's agent told oddly of its registry: ${text.slice(0, 200)}`)
}
