import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Edit } from './watched-vitest.ts'

/** What is known of a file that was sent: its content, and how it looked just after it was written. */
interface Sent {
  readonly digest: string
  readonly size: number
  readonly modified: number
}

/** A file that a run has written. */
export interface Change {
  /** From the project's folder, with `/`. */
  readonly path: string
  readonly size: number
}

/** The project's folder in the guest, and what of it was sent. */
export class ProjectFiles {
  readonly #root: string
  readonly #sent = new Map<string, Sent>()
  readonly #folders = new Set<string>()
  readonly #symlink: typeof symlinkSync
  /** In place of links, where the system has none: folders that hold what others do. */
  readonly #copies: { readonly path: string; readonly target: string }[] = []

  constructor(root: string, symlink: typeof symlinkSync = symlinkSync) {
    this.#root = root
    this.#symlink = symlink
    this.#makeFolder(root)
  }

  /** The digests of what was sent. What was only installed is not among them. */
  known(): Record<string, string> {
    return Object.fromEntries([...this.#sent].map(([path, { digest }]) => [path, digest]))
  }

  /**
   * Without `digest` the file is part of what is installed: neither compared nor brought back.
   * @returns what has become of it
   */
  write(path: string, bytes: Uint8Array, digest?: string): Edit {
    const target = join(this.#root, path)
    const event = this.#sent.has(path) ? 'change' : 'add'
    this.#makeFolder(dirname(target))
    writeFileSync(target, bytes)
    for (const copy of this.#copiesOf(path)) {
      this.#makeFolder(dirname(copy))
      writeFileSync(copy, bytes)
    }
    if (digest !== undefined) {
      this.#note(path, digest)
    }
    return { event, path: target }
  }

  /** A folder that leads to another one of the project, as workspaces have them; a copy of it where Wine has no links. */
  link(path: string, target: string): void {
    const place = join(this.#root, path)
    const folder = join(this.#root, target)
    this.#makeFolder(dirname(place))
    try {
      // A junction needs no privilege, and an absolute target.
      this.#symlink(folder, place, 'junction')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTSUP') {
        throw error
      }
      this.#copies.push({ path, target })
      if (existsSync(folder)) {
        cpSync(folder, place, { recursive: true })
      }
    }
  }

  remove(path: string): Edit {
    const target = join(this.#root, path)
    for (const each of [target, ...this.#copiesOf(path)]) {
      rmSync(each, { force: true })
    }
    this.#sent.delete(path)
    return { event: 'unlink', path: target }
  }

  /** For the other side to have it: from then on it counts as sent. */
  take(path: string): Buffer {
    const bytes = this.#read(path)
    this.#note(path, digestOf(bytes))
    return bytes
  }

  /** What differs from what was sent. What is gone is told once. */
  changes(): { written: Change[]; gone: string[] } {
    const written: Change[] = []
    const missing = new Set(this.#sent.keys())
    for (const { path, size, modified } of this.#walk('')) {
      missing.delete(path)
      const sent = this.#sent.get(path)
      if (sent?.size === size && (sent.modified === modified || sent.digest === digestOf(this.#read(path)))) {
        continue
      }
      written.push({ path, size })
    }
    for (const path of missing) {
      this.#sent.delete(path)
    }
    return { written, gone: [...missing] }
  }

  #copiesOf(path: string): string[] {
    return this.#copies
      .filter(({ target }) => path.startsWith(`${target}/`))
      .map((copy) => join(this.#root, copy.path, path.slice(copy.target.length)))
  }

  #read(path: string): Buffer {
    return readFileSync(join(this.#root, path))
  }

  #note(path: string, digest: string): void {
    const { size, mtimeMs } = lstatSync(join(this.#root, path))
    this.#sent.set(path, { digest, size, modified: mtimeMs })
  }

  *#walk(folder: string): Generator<Change & { modified: number }> {
    for (const entry of readdirSync(join(this.#root, folder), { withFileTypes: true })) {
      if (entry.name === 'node_modules' || entry.name === '.git') {
        continue
      }
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        yield* this.#walk(path)
      } else if (entry.isFile()) {
        const { size, mtimeMs } = lstatSync(join(this.#root, path))
        yield { path, size, modified: mtimeMs }
      }
    }
  }

  #makeFolder(folder: string): void {
    if (!this.#folders.has(folder)) {
      mkdirSync(folder, { recursive: true })
      this.#folders.add(folder)
    }
  }
}

/** As the host computes it, too. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex')
}
