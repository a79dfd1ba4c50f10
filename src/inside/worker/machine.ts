import { connect } from 'node:net'
import type { ClickOptions, Keyboard, Mouse } from '../../client/input.ts'
import type { RunResult } from '../../client/result.ts'
import type { RunOptions } from '../../client/run-options.ts'
import type { Screenshot } from '../../client/win.ts'
import type { SnapshotInfo } from '../../protocol/messages.ts'
import { Decoder, encode, type Message } from '../guest/wire.ts'

/** How a command runs that a test in the guest asks for. */
export type InsideRunOptions = Pick<RunOptions, 'cwd' | 'env' | 'timeout' | 'shell' | 'reject'> & {
  readonly input?: string
}

/** The machine that the suite itself runs in, from inside: what a program in it cannot do by itself. */
export interface InsideWin {
  /** As `win.screenshot`; with `path` it is also written to that file, here in the guest. */
  screenshot(options?: { readonly path?: string }): Promise<Screenshot>
  /** As `win.run`: the command is started by the agent, in the desktop's session, and not by the test's process. */
  run(command: string | readonly string[], options?: InsideRunOptions): Promise<RunResult>
  readonly keyboard: Keyboard
  readonly mouse: Mouse
  /** @throws Error always: the suite that asks for it would be gone */
  restore(): Promise<never>
  /**
   * As `win.snapshot`: keeps the machine's state of this moment, with its desktop, files and programs, for tests that run
   * outside and for `osrun --use-snapshot`. The suite goes on here; in the snapshot it ends as soon as a machine is
   * restored from it. What was started with `run` goes on there.
   */
  snapshot(name: string, options?: { readonly replace?: boolean }): Promise<SnapshotInfo>
}

const port = Number(process.env['OSRUN_INSIDE_PORT'])

/** The machine, where this process runs in the guest of `osrun test`. */
export const machine: InsideWin | undefined = port > 0 ? create() : undefined

function create(): InsideWin {
  return {
    async screenshot({ path } = {}) {
      const { header, body } = await ask(this.screenshot, { method: 'screenshot' })
      if (path !== undefined) {
        const { mkdir, writeFile } = await import('node:fs/promises')
        const { dirname, resolve } = await import('node:path')
        await mkdir(dirname(resolve(path)), { recursive: true })
        await writeFile(path, body)
      }
      const { width, height } = header['value'] as { width: number; height: number }
      return { png: new Uint8Array(body), width, height }
    },
    async run(command, options = {}) {
      const { header } = await ask(this.run, { method: 'run', command, options })
      return header['value'] as RunResult
    },
    keyboard: {
      async type(text) {
        await ask(this.type, { method: 'type', text })
      },
      async press(keys) {
        await ask(this.press, { method: 'press', keys })
      },
    },
    mouse: {
      async move(x, y) {
        await ask(this.move, { method: 'move', x, y })
      },
      async click(x: number, y: number, options: ClickOptions = {}) {
        await ask(this.click, { method: 'click', x, y, options })
      },
    },
    async snapshot(name, { replace = false } = {}) {
      const { header } = await ask(this.snapshot, { method: 'snapshot', name, replace })
      return header['value'] as SnapshotInfo
    },
    async restore() {
      throw new Error(
        'win.restore of a machine from inside would end this very suite. Restore machines in a test that runs outside, ' +
          'with the fixture `win`.',
      )
    },
  }
}

/** One question, one connection: to the runner, which passes it on to the computer that started the suite. */
async function ask(
  site: (...given: never[]) => unknown,
  question: Readonly<Record<string, unknown>>,
): Promise<Message> {
  // Made here: where an answer arrives, nothing of the test is on the stack.
  const failure = new Error()
  Error.captureStackTrace(failure, site)
  const answer = await exchange({ type: 'ask', question }).catch((error: unknown) => {
    throw Object.assign(failure, { message: `The machine did not answer the test: ${error}` })
  })
  const { error } = answer.header
  if (error !== undefined) {
    const stack = failure.stack ?? ''
    Object.assign(failure, error)
    failure.stack = `${failure.name}: ${failure.message}\n${stack.slice(stack.indexOf('\n') + 1)}`
    throw failure
  }
  return answer
}

function exchange(question: Readonly<Record<string, unknown>>): Promise<Message> {
  return new Promise((resolve, reject) => {
    const decoder = new Decoder()
    const socket = connect(port, '127.0.0.1', () => socket.write(encode(question)))
    socket.on('data', (piece) => {
      const answer = decoder.push(piece as Buffer).find(({ header }) => header['type'] === 'answer')
      if (answer !== undefined) {
        resolve(answer)
        socket.destroy()
      }
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the runner ended')))
  })
}
