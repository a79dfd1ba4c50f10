import { Readable, Writable } from 'node:stream'
import type { GuestProcess } from './process.ts'

/** An output channel as a stream of Node. */
export interface ProcessOutput {
  readonly readable: Readable
  /** Resolves when the reader wants more, where it does not at once. */
  push(bytes: Uint8Array): void | Promise<void>
  end(): void
}

/** A readable stream that holds its source back while nobody reads it. What comes after its destruction is dropped. */
export function processOutput(): ProcessOutput {
  let wanted: PromiseWithResolvers<void> | undefined
  const want = () => {
    wanted?.resolve()
    wanted = undefined
  }
  const readable = new Readable({
    read: want,
    destroy(error, done) {
      want()
      done(error)
    },
  })
  return {
    readable,
    push(bytes) {
      if (readable.destroyed || readable.push(bytes)) {
        return undefined
      }
      wanted ??= Promise.withResolvers()
      return wanted.promise
    },
    end() {
      if (!readable.destroyed) {
        readable.push(null)
      }
    },
  }
}

/** A process's stdin. What is written to a process that is over goes nowhere, as nobody can tell when it ended. */
export function processInput(process: Promise<GuestProcess | undefined>): Writable {
  const started = process.catch(() => undefined)
  return new Writable({
    decodeStrings: true,
    async write(chunk: Buffer, _encoding, done) {
      await (await started)?.write(chunk)
      done()
    },
    async final(done) {
      ;(await started)?.endInput()
      done()
    },
  })
}
