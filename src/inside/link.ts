import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import * as v from 'valibot'
import { OsrunError } from '../protocol/errors.ts'
import type { Answer } from './answer.ts'
import type { Run, Terms } from './guest/vitest-process.ts'
import { Decoder, encode, type Message } from './guest/wire.ts'

const path = v.pipe(v.string(), v.maxLength(32_767))
const size = v.pipe(v.number(), v.integer(), v.minValue(0))

/** What the runner says. It runs in a guest, so nothing of it is trusted. */
const messages = {
  hello: v.object({ node: v.string(), platform: v.string() }),
  known: v.object({ files: v.record(path, v.string()) }),
  synced: v.object({}),
  loaded: v.object({ version: v.string() }),
  started: v.object({ warm: v.boolean() }),
  out: v.object({ channel: v.picklist(['stdout', 'stderr']) }),
  rested: v.object({}),
  taken: v.object({ refused: v.array(v.object({ path, message: v.string() })) }),
  ask: v.object({ id: v.number(), question: v.unknown() }),
  exit: v.object({ code: v.nullable(v.number()), signal: v.nullable(v.string()) }),
  changes: v.object({ written: v.array(v.object({ path, size })), gone: v.array(path) }),
  file: v.object({ path }),
  failed: v.object({ message: v.string() }),
} as const

type Messages = typeof messages
type Said<T extends keyof Messages> = v.InferOutput<Messages[T]>

/** What comes of a run while it goes on. */
export interface RunListener {
  /** Whether Vitest was loaded already. */
  started(warm: boolean): void
  out(channel: 'stdout' | 'stderr', bytes: Uint8Array): void
  /** One of the runs of a suite that is watched has ended; what it wrote is there. */
  rested?(): void
  /** A test in the guest asks for something of its machine. */
  asked(question: unknown): Promise<Answer>
}

/** What comes of a run by itself. All else answers something that was said. */
const ofRun = ['started', 'out', 'rested', 'ask', 'exit'] as const

const waitBetween = 250

/** The connection to the runner in the guest. */
export class RunnerLink {
  readonly #socket: Socket
  readonly #lost: Promise<never>
  readonly #answers = new Inbox()
  readonly #run = new Inbox()
  /** Bytes that were sent. */
  sent = 0

  /**
   * Connects; waits for the runner to listen.
   * @param port where this computer reaches it
   * @throws OsrunError RUNNER_FAILED where it does not answer in time
   */
  static async open(port: { host: string; port: number }, deadline: number, signal?: AbortSignal): Promise<RunnerLink> {
    const end = performance.now() + deadline
    for (;;) {
      signal?.throwIfAborted()
      const link = new RunnerLink(connect(port))
      try {
        await link.expect('hello', Math.max(1000, end - performance.now()))
        return link
      } catch (cause) {
        link.close()
        if (performance.now() > end) {
          const why = cause instanceof Error ? cause.message : String(cause)
          const message = `The runner in the guest did not answer within ${Math.round(deadline / 1000)} s (${why})`
          throw new OsrunError('RUNNER_FAILED', message, { cause })
        }
      }
      await delay(waitBetween)
    }
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    const decoder = new Decoder()
    this.#lost = new Promise((_resolve, reject) => {
      const lose = (why: unknown) => {
        socket.destroy()
        reject(new OsrunError('RUNNER_FAILED', `The connection to the runner in the guest was lost: ${why}`))
      }
      socket.on('error', (error) => lose(error.message))
      socket.on('close', () => lose('the runner or its machine ended'))
      socket.on('data', (piece) => {
        try {
          for (const message of decoder.push(piece as Buffer)) {
            const { type, run } = message.header
            const inbox = run === true || ofRun.some((each) => each === type) ? this.#run : this.#answers
            inbox.put(message)
          }
        } catch (error) {
          lose(error instanceof Error ? error.message : error)
        }
      })
    })
    this.#lost.catch(() => {})
  }

  /** Sends one message; waits where the guest is slower. */
  async say(header: Readonly<Record<string, unknown>>, body?: Uint8Array): Promise<void> {
    const bytes = encode(header, body)
    this.sent += bytes.length
    if (!this.#socket.write(bytes)) {
      await Promise.race([once(this.#socket, 'drain'), this.#lost])
    }
  }

  /** The next message, which must be of that type. */
  async expect<T extends keyof Messages>(type: T, deadline?: number): Promise<Said<T> & { body: Buffer }> {
    const said = await this.#next(this.#answers, [type], deadline)
    return said as Said<T> & { body: Buffer }
  }

  /** What the guest has of the project: digests of what was sent. */
  async known(): Promise<Map<string, string>> {
    await this.say({ type: 'known' })
    return new Map(Object.entries((await this.expect('known')).files))
  }

  /** Waits until all that was said before is done. */
  async sync(): Promise<void> {
    await this.say({ type: 'sync' })
    await this.expect('synced')
  }

  /** Loads Vitest ahead. @returns its version */
  async load(terms: Terms, cwd: string): Promise<string> {
    await this.say({ type: 'load', terms, cwd })
    return (await this.expect('loaded')).version
  }

  /** Runs Vitest's command to its end. @returns its exit code */
  async run(run: Run, terms: Terms, listener: RunListener): Promise<number> {
    await this.say({ type: 'run', run, terms })
    for (;;) {
      const said = await this.#next(this.#run, ofRun)
      if (said.type === 'ask') {
        const { id, question } = said as Said<'ask'>
        this.#answer(id, listener.asked(question))
      } else if (said.type === 'rested') {
        listener.rested?.()
      } else if ('warm' in said) {
        listener.started(said.warm === true)
      } else if ('channel' in said) {
        listener.out(said.channel as 'stdout' | 'stderr', said.body)
      } else {
        const { code, signal } = said as Said<'exit'>
        if (code === null) {
          throw new OsrunError('RUNNER_FAILED', `Vitest was ended in the guest by ${signal}`)
        }
        return code
      }
    }
  }

  /** Tells a suite that is watched what was sent since the last time. @returns what could not be written */
  async edited(): Promise<Said<'taken'>['refused']> {
    await this.say({ type: 'edited' })
    return (await this.expect('taken')).refused
  }

  #answer(id: number, answer: Promise<Answer>): void {
    // The run goes on meanwhile; where the connection is lost, that ends it.
    answer.then(({ header, body }) => this.say({ type: 'answer', id, ...header }, body)).catch(() => {})
  }

  async changes(): Promise<Said<'changes'>> {
    await this.say({ type: 'changes' })
    return this.expect('changes')
  }

  /** A file of the project's folder in the guest. */
  async read(file: string): Promise<Uint8Array> {
    await this.say({ type: 'read', path: file })
    return (await this.expect('file')).body
  }

  /** Ends it in order: when it resolves, the runner has ended its side too. */
  async end(): Promise<void> {
    if (!this.#socket.closed) {
      const closed = once(this.#socket, 'close')
      this.#socket.end()
      await closed
    }
  }

  /** At once. Safe to call twice. */
  close(): void {
    this.#socket.destroy()
  }

  async #next(inbox: Inbox, types: readonly (keyof Messages)[], deadline?: number) {
    const { header, body } = await inbox.take(this.#lost, deadline)
    const type = types.find((each) => each === header['type'])
    if (header['type'] === 'failed') {
      throw new OsrunError('RUNNER_FAILED', `In the guest: ${v.parse(messages.failed, header).message}`)
    }
    const checked = type && v.safeParse(messages[type], header)
    if (!checked?.success) {
      const got = JSON.stringify(header).slice(0, 200)
      throw new OsrunError('RUNNER_FAILED', `Expected the runner in the guest to say ${types.join(' or ')}, got ${got}`)
    }
    return { ...checked.output, type, body }
  }
}

/** Messages that wait for one reader. */
class Inbox {
  readonly #waiting: Message[] = []
  #wake: () => void = () => {}

  put(message: Message): void {
    this.#waiting.push(message)
    this.#wake()
  }

  /** @param lost rejects when nothing more comes @param deadline in milliseconds */
  async take(lost: Promise<never>, deadline?: number): Promise<Message> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      if (deadline !== undefined) {
        timer = setTimeout(() => reject(new Error('no answer')), deadline)
      }
    })
    late.catch(() => {})
    try {
      while (this.#waiting.length === 0) {
        const woken = new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        await Promise.race([woken, lost, late])
      }
    } finally {
      clearTimeout(timer)
    }
    return this.#waiting.shift() as Message
  }
}
