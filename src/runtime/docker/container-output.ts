import { type Duplex, PassThrough, type Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type Dockerode from 'dockerode'
import { LastWords } from '../../machines/last-words.ts'
import { parseReadyLine } from '../../protocol/ready.ts'
import { linesOf } from './lines.ts'

/** What the server in a container says, from its first word: attached before it starts, as it is removed the moment it ends. */
export class ContainerOutput {
  readonly ready: Promise<void>
  /** Resolves with how the container ended; never rejects. */
  readonly exit: Promise<string>
  readonly #words = new LastWords()
  readonly #onLog: (line: string) => void
  readonly #resolveReady: () => void
  readonly #resolveExit: (how: string) => void

  constructor(onLog: (line: string) => void) {
    this.#onLog = onLog
    const ready = Promise.withResolvers<void>()
    const exit = Promise.withResolvers<string>()
    this.ready = ready.promise
    this.exit = exit.promise
    this.#resolveReady = ready.resolve
    this.#resolveExit = exit.resolve
  }

  /** Listens to a container that has been created and not started. */
  async attach(container: Dockerode.Container): Promise<void> {
    const code = container.wait({ condition: 'next-exit' }).catch(() => undefined)
    const stream = (await container.attach({ stream: true, stdout: true, stderr: true })) as Duplex
    const stdout = new PassThrough()
    const stderr = new PassThrough()
    container.modem.demuxStream(stream, stdout, stderr)
    const ended = new Promise<void>((resolve) =>
      stream
        .once('close', resolve)
        .once('end', resolve)
        .once('error', () => resolve()),
    )
    const read = Promise.all([this.#read(stdout), this.#read(stderr)])
    ended.then(async () => {
      stdout.end()
      stderr.end()
      await read
      const status = await Promise.race([code, delay(5_000, undefined, { ref: false })])
      this.#resolveExit(
        status === undefined ? 'the container ended' : `the container exited with code ${status.StatusCode}`,
      )
    })
  }

  /** The end of what it said. */
  lastWords(): string {
    return this.#words.toString()
  }

  async #read(stream: Readable): Promise<void> {
    for await (const line of linesOf(stream)) {
      if (parseReadyLine(line) !== undefined) {
        this.#resolveReady()
      } else {
        this.#words.add(`${line}\n`)
        this.#onLog(line)
      }
    }
  }
}
