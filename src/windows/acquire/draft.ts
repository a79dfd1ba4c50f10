import { type FileHandle, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as v from 'valibot'
import { asDiskFull } from '../../machines/disk-full.ts'
import { checkJson } from '../../protocol/check-json.ts'
import { isOsrunError, OsrunError } from '../../protocol/errors.ts'

const note = v.object({ url: v.string(), validator: v.optional(v.string()) })
/** Whose bytes a draft holds: the address without its query, and what tells whether they are still the same there. */
export type Origin = v.InferOutput<typeof note>

/** The part of a file that has arrived, kept between runs. For who holds the lock of the download. */
export class Draft {
  readonly path: string
  readonly #notePath: string

  constructor(path: string) {
    this.path = path
    this.#notePath = `${path}.json`
  }

  async size(): Promise<number> {
    return (await stat(this.path).catch(() => undefined))?.size ?? 0
  }

  /** Undefined where nothing can be said of it. */
  async origin(): Promise<Origin | undefined> {
    return checkJson(note, await readFile(this.#notePath, 'utf8').catch(() => ''))
  }

  /** Opens it to be written from byte `start` on; from 0 it is another file's, and begins anew. */
  async open(start: number, origin: Origin): Promise<DraftWriter> {
    return this.#writing(async () => {
      if (start === 0) {
        await rm(this.path, { force: true })
        await writeFile(this.#notePath, JSON.stringify(origin))
      }
      return new DraftWriter(await open(this.path, start === 0 ? 'w' : 'r+'), start, (write) => this.#writing(write))
    })
  }

  async remove(): Promise<void> {
    await Promise.all([this.path, this.#notePath].map((path) => rm(path, { force: true })))
  }

  async #writing<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write()
    } catch (cause) {
      const error = asDiskFull(cause, dirname(this.path))
      throw isOsrunError(error)
        ? error
        : new OsrunError('HOST_FILE_FAILED', `${this.path} could not be written: ${(cause as Error).message}`, {
            cause,
          })
    }
  }
}

/** Appends to a draft. */
class DraftWriter implements AsyncDisposable {
  #at: number
  readonly #handle: FileHandle
  readonly #writing: <T>(write: () => Promise<T>) => Promise<T>

  constructor(handle: FileHandle, at: number, writing: <T>(write: () => Promise<T>) => Promise<T>) {
    this.#handle = handle
    this.#at = at
    this.#writing = writing
  }

  get at(): number {
    return this.#at
  }

  async write(piece: Uint8Array): Promise<void> {
    let rest = piece
    while (rest.length > 0) {
      const { bytesWritten } = await this.#writing(() => this.#handle.write(rest, 0, rest.length, this.#at))
      this.#at += bytesWritten
      rest = rest.subarray(bytesWritten)
    }
  }

  /** Whole: what is on the disk stays there, whatever happens to the computer. */
  async finish(): Promise<void> {
    await this.#writing(() => this.#handle.sync())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }
}
