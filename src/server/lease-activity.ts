import { decodeJson, type Frame, FrameError, frameType } from '../protocol/frames.ts'
import type { CommandStatus, LeaseStatus } from '../protocol/messages.ts'

const longestLine = 200

/** What the machine of a lease is doing, as whoever watches is told. */
export class LeaseActivity {
  label: string
  readonly #since = Date.now()
  #state: LeaseStatus['state'] = 'running'
  readonly #running = new Map<number, CommandStatus>()
  /** Those that the client has ended; one that had not started yet is answered with an error. */
  readonly #killed = new Set<number>()
  #latest: CommandStatus | undefined

  constructor(label: string) {
    this.label = label
  }

  /** The lease is in another state from now on. */
  turn(state: LeaseStatus['state']): void {
    this.#state = state
  }

  /** The lease is in another state while something is done with its machine, and runs afterwards. */
  async during<T>(state: LeaseStatus['state'], work: () => Promise<T>): Promise<T> {
    const before = this.#state
    this.#state = state
    try {
      const result = await work()
      this.#leave(state, 'running')
      return result
    } catch (error) {
      this.#leave(state, before)
      throw error
    }
  }

  /** Notes a client's frame on its way to the agent. */
  toAgent({ type, stream, payload }: Frame): void {
    if (type === frameType.exec) {
      const { self, commandLine } = fieldsOf(payload)
      // A look at the desktop while a command waits is none of the test's own.
      if (self === true) {
        return
      }
      this.#latest = { line: lineOf(commandLine), state: 'running', startedAt: Date.now() }
      this.#running.set(stream, this.#latest)
    } else if (type === frameType.kill && this.#running.has(stream)) {
      this.#killed.add(stream)
    }
  }

  /** Notes an agent's frame on its way to the client. */
  toClient({ type, stream, payload }: Frame): void {
    if (type === frameType.exit) {
      const { kind, code } = fieldsOf(payload)
      this.#end(stream, kind === 'killed' ? { state: 'killed' } : { state: 'exited', exitCode: Number(code) })
    } else if (type === frameType.error) {
      this.#end(stream, { state: this.#killed.has(stream) ? 'killed' : 'failed' })
    }
  }

  /** The agent that the commands ran under is gone, or its machine. */
  lose(): void {
    for (const stream of [...this.#running.keys()]) {
      this.#end(stream, { state: 'unknown' })
    }
  }

  describe(): Pick<LeaseStatus, 'label' | 'state' | 'since' | 'command' | 'moreCommands'> {
    const others = [...this.#running.values()].filter((command) => command !== this.#latest)
    return {
      label: this.label,
      state: this.#state,
      since: this.#since,
      ...(this.#latest && { command: { ...this.#latest } }),
      moreCommands: others.length,
    }
  }

  // Unless the machine was found gone meanwhile, or the client has left.
  #leave(state: LeaseStatus['state'], next: LeaseStatus['state']): void {
    if (this.#state === state) {
      this.#state = next
    }
  }

  #end(stream: number, end: Pick<CommandStatus, 'state' | 'exitCode'>): void {
    this.#killed.delete(stream)
    const command = this.#running.get(stream)
    if (command !== undefined) {
      this.#running.delete(stream)
      Object.assign(command, end, { endedAt: Date.now() })
    }
  }
}

function lineOf(commandLine: unknown): string {
  const line = typeof commandLine === 'string' ? commandLine : ''
  const command = /^cmd \/d \/s \/c "(.*)"$/s.exec(line)?.[1] ?? line
  return command.length > longestLine ? `${command.slice(0, longestLine)}…` : command
}

// The agent judges what the client sends, and the client what the agent does.
function fieldsOf(payload: Uint8Array): Record<string, unknown> {
  try {
    return decodeJson(payload)
  } catch (error) {
    if (error instanceof FrameError) {
      return {}
    }
    throw error
  }
}
