import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { OsrunError } from '../protocol/errors.ts'

/** What QEMU reports by itself. */
export interface QmpEvent {
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}

interface Pending {
  readonly command: string
  resolve(value: unknown): void
  reject(error: Error): void
}

/**
 * QEMU's monitor protocol on one connected socket. Emits `event` for each event. Commands run one after the other, as
 * QEMU runs them; each has a deadline, and all fail at once when the socket ends.
 */
export class Qmp extends EventEmitter<{ event: [QmpEvent]; closed: [] }> {
  readonly #socket: Socket
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  #closed = false
  #greeted: () => void = () => {}
  readonly #greeting: Promise<void>

  constructor(socket: Socket) {
    super()
    this.#socket = socket
    this.#greeting = new Promise((resolve) => {
      this.#greeted = resolve
    })
    // The socket's end tells those who wait; without a listener its error would end this process.
    socket.on('error', () => {})
    createInterface({ input: socket })
      .on('line', (line) => this.#take(line))
      .on('error', () => {})
    socket.on('close', () => this.#close())
  }

  /** Waits for QEMU's greeting and leaves the negotiation mode. */
  async negotiate(): Promise<void> {
    await this.#greeting
    await this.execute('qmp_capabilities')
  }

  /**
   * Runs one command and resolves with what it returns.
   * @param deadline milliseconds, 10,000 by default
   * @throws OsrunError QMP_FAILED with QEMU's own words
   */
  execute(command: string, commandArguments?: object, deadline = 10_000): Promise<unknown> {
    if (this.#closed) {
      return Promise.reject(new OsrunError('QMP_FAILED', `QEMU's monitor is closed; \`${command}\` was not sent.`))
    }
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id)
        reject(new OsrunError('QMP_FAILED', `QEMU did not answer \`${command}\` within ${deadline} ms.`))
      }, deadline)
      this.#pending.set(id, {
        command,
        resolve(value) {
          clearTimeout(timer)
          resolve(value)
        },
        reject(error) {
          clearTimeout(timer)
          reject(error)
        },
      })
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: commandArguments, id })}\n`)
    })
  }

  /** Resolves with the first event that `matches`. Rejects with QMP_FAILED when the socket ends before. */
  next(matches: (event: QmpEvent) => boolean, signal?: AbortSignal): Promise<QmpEvent> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.off('event', onEvent)
        this.off('closed', onClosed)
        signal?.removeEventListener('abort', stop)
      }
      const onEvent = (event: QmpEvent) => {
        if (matches(event)) {
          stop()
          resolve(event)
        }
      }
      const onClosed = () => {
        stop()
        reject(new OsrunError('QMP_FAILED', "QEMU's monitor closed while an event was awaited."))
      }
      this.on('event', onEvent)
      this.on('closed', onClosed)
      signal?.addEventListener('abort', stop)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(line: string): void {
    const message = parse(line)
    if (message === undefined) {
      this.#socket.destroy()
      return
    }
    if ('QMP' in message) {
      this.#greeted()
    } else if (typeof message['event'] === 'string') {
      this.emit('event', { event: message['event'], data: (message['data'] ?? {}) as Record<string, unknown> })
    } else if (typeof message['id'] === 'number') {
      this.#answer(message['id'], message)
    }
  }

  #answer(id: number, message: Record<string, unknown>): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if ('error' in message) {
      const { desc } = message['error'] as { desc?: string }
      pending?.reject(new OsrunError('QMP_FAILED', `QEMU refused \`${pending.command}\`: ${desc}`))
    } else {
      pending?.resolve(message['return'])
    }
  }

  #close(): void {
    this.#closed = true
    for (const pending of this.#pending.values()) {
      pending.reject(new OsrunError('QMP_FAILED', `QEMU ended before it answered \`${pending.command}\`.`))
    }
    this.#pending.clear()
    this.emit('closed')
  }
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
