import * as v from 'valibot'
import type { WebSocket } from 'ws'
import { OsrunError, toOsrunError } from '../protocol/errors.ts'
import { FrameDecoder } from '../protocol/frames.ts'
import {
  type Method,
  methodParameters,
  type Parameters,
  type Progress,
  type Result,
  request,
  type ServerEvent,
} from '../protocol/messages.ts'
import type { Unlock } from '../snapshots/lock.ts'
import type { Lease } from './lease.ts'
import type { MachineRoom } from './machine-room.ts'

type Handlers = { [M in Method]: (params: Parameters<M>) => Promise<Result<M>> }

/** Output that may wait for a slow client before its machine is held. */
const mostBuffered = 4 * 2 ** 20

/** One client's websocket: it asks, we answer, and its end releases its machine. */
export class Session {
  readonly #socket: WebSocket
  readonly #room: MachineRoom
  readonly #ended = new AbortController()
  readonly #decoder = new FrameDecoder()
  #lease: Lease | undefined
  #acquiring = false
  #claim: Promise<Unlock> | undefined

  constructor(socket: WebSocket, room: MachineRoom) {
    this.#socket = socket
    this.#room = room
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) {
        this.#relay(data)
      } else {
        this.#take(data.toString('utf8'))
      }
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#ended.abort(new OsrunError('CONNECTION_LOST', 'The client is gone.'))
      this.#end().catch((error: unknown) => this.#room.log(`releasing failed: ${toOsrunError(error).message}`))
    })
  }

  readonly #handlers: Handlers = {
    acquire: async (wish) => {
      if (this.#acquiring || this.#lease !== undefined) {
        throw new OsrunError('SERVER_PROTOCOL', 'This connection has a machine already; open another one.')
      }
      this.#acquiring = true
      try {
        const lease = await this.#room.acquire(wish, this.#sayProgress, this.#ended.signal)
        this.#lease = lease
        if (this.#ended.signal.aborted) {
          await this.#release()
        }
        this.#connect(lease)
        return lease.describe()
      } finally {
        this.#acquiring = false
      }
    },
    label: async ({ label }) => {
      this.#own().relabel(label)
      return null
    },
    restore: async ({ snapshot }) => {
      const lease = this.#own()
      await lease.restore(snapshot)
      return lease.describe()
    },
    snapshot: (wish) => this.#own().snapshot(wish),
    save: (wish) => this.#own().save(wish),
    snapshots: () => this.#own().snapshots(),
    screenshot: async () => {
      const { png, width, height } = await this.#own().screenshot()
      return { png: png.toString('base64'), width, height }
    },
    keyboard: async (wish) => {
      await this.#own().keyboard(wish)
      return null
    },
    mouse: async (wish) => {
      await this.#own().mouse(wish)
      return null
    },
    clock: async (wish) => ({ time: await this.#own().clock(wish) }),
    reboot: async () => {
      const lease = this.#own()
      await lease.reboot()
      return lease.describe()
    },
    release: async () => {
      await this.#release()
      return null
    },
    hold: async () => null,
    install: ({ guest, windows }) =>
      this.#room.install(guest, this.#sayProgress, { windows, signal: this.#ended.signal }),
    templates: ({ guest }) => this.#room.templates(guest),
    claim: async ({ guest, recipe }) => {
      if (this.#claim !== undefined) {
        throw new OsrunError('SERVER_PROTOCOL', 'This connection has a claim already; open another one.')
      }
      this.#claim = this.#room.claim(guest, recipe, this.#sayProgress, this.#ended.signal)
      await this.#claim
      return null
    },
    keep: async ({ guest, snapshots }) => {
      await this.#room.keep(guest, snapshots)
      return null
    },
    drain: async ({ deadline }) => ({ left: await this.#room.drained(deadline) }),
    status: async () => this.#room.status(),
  }

  #connect(lease: Lease): void {
    let held = false
    const hold = (waiting: boolean) => {
      if (held !== waiting) {
        held = waiting
        lease.hold(waiting)
      }
    }
    lease.on('frame', (bytes) => {
      this.#socket.send(bytes, () => hold(this.#socket.bufferedAmount > mostBuffered / 2 && held))
      hold(held || this.#socket.bufferedAmount > mostBuffered)
    })
    lease.on('drain', () => this.#socket.resume())
    lease.on('link-lost', ({ error: { code, message }, retrying }) =>
      this.#say({ event: 'link-lost', error: { code, message }, retrying }),
    )
    lease.on('link-restored', () => this.#say({ event: 'link-restored' }))
  }

  #own(): Lease {
    if (this.#lease === undefined) {
      throw new OsrunError('SERVER_PROTOCOL', 'This connection has no machine; acquire one first.')
    }
    return this.#lease
  }

  /** The claim goes last: the next who has it finds what this client's machine has become. */
  async #end(): Promise<void> {
    try {
      await this.#release()
    } finally {
      const unlock = await this.#claim?.catch(() => undefined)
      await unlock?.()
    }
  }

  async #release(): Promise<void> {
    const lease = this.#lease
    this.#lease = undefined
    await lease?.release()
  }

  #relay(data: Buffer): void {
    try {
      for (const frame of this.#decoder.push(data)) {
        if (!this.#own().relay(frame)) {
          this.#socket.pause()
        }
      }
    } catch (error) {
      // A machine that is gone has said so by an event; anything else breaks the protocol.
      const { code, message } = toOsrunError(error, 'SERVER_PROTOCOL')
      if (code === 'SERVER_PROTOCOL') {
        this.#socket.close(1002, message.slice(0, 100))
      }
    }
  }

  async #take(text: string): Promise<void> {
    let parsed: v.InferOutput<typeof request>
    try {
      parsed = v.parse(request, JSON.parse(text))
    } catch {
      this.#socket.close(1002, 'a text message that is no request')
      return
    }
    const { id, method, params } = parsed
    try {
      this.#send({ id, result: await this.#call(method, params) })
    } catch (error) {
      const { code, message } = toOsrunError(error)
      this.#send({ id, error: { code, message } })
    }
  }

  async #call<M extends Method>(method: M, params: unknown): Promise<Result<M>> {
    const parsed = v.safeParse(methodParameters[method], params)
    if (!parsed.success) {
      const [issue] = parsed.issues
      const field = v.getDotPath(issue) ?? 'params'
      throw new OsrunError('SERVER_PROTOCOL', `\`${method}\`: ${field}: ${issue.message}`)
    }
    return this.#handlers[method](parsed.output as Parameters<M>)
  }

  readonly #sayProgress = (progress: Progress): void => this.#say({ event: 'progress', ...progress })

  #say(event: ServerEvent): void {
    this.#send(event)
  }

  #send(message: object): void {
    if (this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.send(JSON.stringify(message))
    }
  }
}
