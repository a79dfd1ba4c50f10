import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Edit } from './watched-vitest.ts'

/** What is fixed once Vitest is loaded: its modules read it when they are imported. */
export interface Terms {
  /** Environment variables that decide about colours, and whether this is CI. */
  readonly env: Readonly<Record<string, string>>
  /** Where stdout is a terminal of so many columns and rows. */
  readonly terminal?: { readonly columns: number; readonly rows: number }
}

/** A run of Vitest's command. */
export interface Run {
  readonly argv: readonly string[]
  /** Set just before it runs. */
  readonly env: Readonly<Record<string, string>>
  /** Working folder. */
  readonly cwd: string
  /** Whether it goes on until it is ended: keys and edits will come. */
  readonly watch: boolean
}

/** What comes of it. */
export interface RunHooks {
  out(channel: 'stdout' | 'stderr', bytes: Buffer): void
  /** One of the runs of a suite that is watched has ended. */
  rested(): void
  exit(code: number | null, signal: string | null): void
}

/** Milliseconds for what was said last, when the process has ended. */
const patience = 5000

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const script = fileURLToPath(new URL(`./vitest-main.${extension}`, import.meta.url))

/** A process that has loaded Vitest, and waits to be told what to run. It runs once. */
export class VitestProcess {
  readonly #child: ChildProcess
  readonly terms: Terms
  /** The version of Vitest, once it is loaded. */
  readonly loaded: Promise<string>

  constructor(cwd: string, terms: Terms) {
    this.terms = terms
    this.#child = spawn(process.execPath, [script, JSON.stringify(terms.terminal ?? null)], {
      cwd,
      env: { ...process.env, ...terms.env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // The runner has no console: without this Windows opens one, in the middle of the desktop that tests look at.
      windowsHide: true,
    })
    const said: Buffer[] = []
    const listen = (bytes: Buffer) => said.push(bytes)
    this.#child.stderr?.on('data', listen)
    this.loaded = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${Buffer.concat(said)}`)))
      this.#child.once('message', (message: { version?: string; failed?: string }) => {
        this.#child.stderr?.off('data', listen)
        message.version === undefined ? reject(new Error(message.failed)) : resolve(message.version)
      })
    })
    this.loaded.catch(() => {})
  }

  run(run: Run, hooks: RunHooks): void {
    this.#child.stdout?.on('data', (bytes: Buffer) => hooks.out('stdout', bytes))
    this.#child.stderr?.on('data', (bytes: Buffer) => hooks.out('stderr', bytes))
    this.#child.once('exit', (code, signal) => {
      const tell = once(() => hooks.exit(code, signal))
      // A program that a test has left behind may hold the pipes.
      setTimeout(tell, patience).unref()
      this.#child.once('close', tell)
    })
    this.#child.on('message', ({ rested }: { rested?: true }) => {
      if (rested) {
        hooks.rested()
      }
    })
    this.#child.send({ run })
  }

  /** What goes to a suite that is watched: keys that a person has pressed, or files that were edited. */
  tell(words: { readonly keys: string } | { readonly edits: readonly Edit[] }): void {
    if (this.#child.connected) {
      this.#child.send(words)
    }
  }

  kill(): void {
    this.#child.kill()
  }
}

/** Whether a process that was started for `had` can do what `wanted` asks for. */
export function suits(had: Terms, wanted: Terms): boolean {
  return (
    JSON.stringify(sorted(had.env)) === JSON.stringify(sorted(wanted.env)) &&
    (had.terminal === undefined) === (wanted.terminal === undefined)
  )
}

function sorted(env: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))
}

function once(work: () => void): () => void {
  let done = false
  return () => {
    if (!done) {
      done = true
      work()
    }
  }
}
