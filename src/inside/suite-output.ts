import type { PathMap } from './path-map.ts'

/** What is held back for the rest of a path is said after so long: a prompt may end like one. */
const patience = 100

/** Writes what Vitest says in the guest to this program's streams, with this computer's paths. */
export class SuiteOutput {
  readonly #channels: Readonly<Record<'stdout' | 'stderr', Channel>>

  constructor(map: PathMap, streams: Readonly<Record<'stdout' | 'stderr', Pick<NodeJS.WritableStream, 'write'>>>) {
    this.#channels = { stdout: new Channel(map, streams.stdout), stderr: new Channel(map, streams.stderr) }
  }

  write(channel: 'stdout' | 'stderr', bytes: Uint8Array): void {
    this.#channels[channel].write(bytes)
  }

  end(): void {
    this.#channels.stdout.flush()
    this.#channels.stderr.flush()
  }
}

class Channel {
  readonly #text: ReturnType<PathMap['stream']>
  readonly #stream: Pick<NodeJS.WritableStream, 'write'>
  // A character may be cut.
  readonly #decoder = new TextDecoder()
  #late: NodeJS.Timeout | undefined

  constructor(map: PathMap, stream: Pick<NodeJS.WritableStream, 'write'>) {
    this.#text = map.stream()
    this.#stream = stream
  }

  write(bytes: Uint8Array): void {
    clearTimeout(this.#late)
    this.#say(this.#text.take(this.#decoder.decode(bytes, { stream: true })))
    this.#late = setTimeout(() => this.flush(), patience)
  }

  flush(): void {
    clearTimeout(this.#late)
    this.#say(this.#text.end())
  }

  #say(text: string): void {
    if (text !== '') {
      this.#stream.write(text)
    }
  }
}
