// The runner: waits in the guest on a port of its loopback, keeps the project's files, and runs Vitest.
//   node runner.js <port> <project folder>

import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { ProjectFiles } from './project-files.ts'
import { type Run, suits, type Terms, VitestProcess } from './vitest-process.ts'
import type { Edit } from './watched-vitest.ts'
import { Decoder, encode, type Message } from './wire.ts'

const [port, root = ''] = process.argv.slice(2)
// Tests ask here for what their machine shall do.
process.env['OSRUN_INSIDE_PORT'] = port
const files = new ProjectFiles(root)
let waiting: VitestProcess | undefined

/** The client whose suite runs, and who of its tests waits for which answer of it. */
let leader: Client | undefined
const asking = new Map<number, Client>()
let questions = 0

/** One client at a time, as the machine is its alone, and tests that ask something of it. */
class Client {
  readonly #socket: Socket
  #running: VitestProcess | undefined
  // While a suite is watched: what was edited, and what of it the system did not let us write.
  #edits: Edit[] = []
  #refused: { path: string; message: string }[] = []

  constructor(socket: Socket) {
    this.#socket = socket
    const decoder = new Decoder()
    socket.on('data', (piece) => {
      for (const message of decoder.push(piece as Buffer)) {
        try {
          this.#take(message)
        } catch (error) {
          this.#fail(error, message.header['type'] === 'run')
        }
      }
    })
    socket.on('error', () => {})
    socket.on('close', () => this.#end())
    this.#say({ type: 'hello', node: process.version, platform: process.platform })
  }

  #take({ header, body }: Message): void {
    const path = String(header['path'])
    const todo: Readonly<Record<string, () => void>> = {
      known: () => this.#say({ type: 'known', files: files.known() }),
      write: () => this.#edit(path, () => files.write(path, body, header['digest'] as string | undefined)),
      link: () => files.link(path, String(header['target'])),
      remove: () => this.#edit(path, () => files.remove(path)),
      sync: () => this.#say({ type: 'synced' }),
      load: () => this.#load(header as unknown as { terms: Terms; cwd: string }),
      run: () => this.#run(header as unknown as { terms: Terms; run: Run }),
      keys: () => this.#running?.tell({ keys: body.toString() }),
      edited: () => this.#tellEdits(),
      ask: () => this.#ask(header['question']),
      answer: () => answer(header, body),
      stop: () => this.#running?.kill(),
      changes: () => this.#say({ type: 'changes', ...files.changes() }),
      read: () => this.#say({ type: 'file', path }, files.take(path)),
    }
    const task = todo[String(header['type'])]
    if (task === undefined) {
      throw new Error(`a message of an unknown type: ${JSON.stringify(header)}`)
    }
    task()
  }

  /** A test may hold the file, which Windows does not let anybody write then: the other files go on. */
  #edit(path: string, work: () => Edit): void {
    try {
      this.#edits.push(work())
    } catch (error) {
      if (this.#running === undefined) {
        throw error
      }
      this.#refused.push({ path, message: words(error) })
    }
  }

  #tellEdits(): void {
    this.#running?.tell({ edits: this.#edits })
    this.#say({ type: 'taken', refused: this.#refused })
    this.#edits = []
    this.#refused = []
  }

  #load({ terms, cwd }: { terms: Terms; cwd: string }): void {
    waiting = new VitestProcess(join(root, cwd), terms)
    waiting.loaded.then(
      (version) => this.#say({ type: 'loaded', version }),
      (error) => this.#fail(error),
    )
  }

  #run({ terms, run }: { terms: Terms; run: Run }): void {
    const cwd = join(root, run.cwd)
    const warm = waiting !== undefined && suits(waiting.terms, terms)
    const chosen = warm && waiting !== undefined ? waiting : new VitestProcess(cwd, terms)
    if (warm) {
      waiting = undefined
    }
    this.#running = chosen
    this.#edits = []
    leader = this
    chosen.loaded.then(
      () => {
        this.#say({ type: 'started', warm })
        chosen.run(
          { ...run, cwd },
          {
            out: (channel, bytes) => this.#say({ type: 'out', channel }, bytes),
            rested: () => this.#say({ type: 'rested' }),
            exit: (code, signal) => this.#say({ type: 'exit', code, signal }),
          },
        )
      },
      (error) => this.#fail(error, true),
    )
  }

  #ask(question: unknown): void {
    if (leader === undefined) {
      this.answer({ error: { message: 'No suite runs in this machine.' } })
      return
    }
    const id = ++questions
    asking.set(id, this)
    leader.#say({ type: 'ask', id, question })
  }

  answer(header: Readonly<Record<string, unknown>>, body?: Uint8Array): void {
    this.#say({ ...header, type: 'answer' }, body)
  }

  #end(): void {
    this.#running?.kill()
    if (leader === this) {
      leader = undefined
    }
  }

  #say(header: Readonly<Record<string, unknown>>, body?: Uint8Array): void {
    if (!this.#socket.destroyed) {
      this.#socket.write(encode(header, body))
    }
  }

  /** @param run whether it is about the run, and no answer */
  #fail(error: unknown, run = false): void {
    this.#say({ type: 'failed', message: words(error), run })
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function answer(header: Readonly<Record<string, unknown>>, body: Uint8Array): void {
  const id = Number(header['id'])
  asking.get(id)?.answer(header, body)
  asking.delete(id)
}

createServer({ noDelay: true }, (socket) => void new Client(socket)).listen(Number(port), '127.0.0.1')
