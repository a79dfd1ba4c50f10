import type { WebSocket } from 'ws'
import { checkJson } from '../protocol/check-json.ts'
import { OsrunError, toOsrunError } from '../protocol/errors.ts'
import { type WatchEvent, watchRequest } from '../protocol/messages.ts'
import type { MachineRoom } from './machine-room.ts'

/** Milliseconds: how soon a change is told, and how long nothing may be told. */
const interval = 250
const longestSilence = 5000
/** A page that reads no more than this behind is told nothing until it does. */
const mostBuffered = 2 ** 20

/** Tells a page of the viewer what the machine room is doing until it leaves, and types what it asks for. */
export function watch(websocket: WebSocket, room: MachineRoom): void {
  let told = ''
  let toldAt = 0

  // Looked at while somebody watches, in place of an event for each of the many things that can change.
  function look(): void {
    const { time, ...rest } = room.status()
    const now = JSON.stringify(rest)
    if ((now === told && time - toldAt < longestSilence) || websocket.bufferedAmount > mostBuffered) {
      return
    }
    told = now
    toldAt = time
    send({ event: 'status', status: { time, ...rest } } satisfies WatchEvent)
  }

  async function answer(text: string): Promise<void> {
    const asked = checkJson(watchRequest, text)
    if (asked === undefined) {
      websocket.close(1002, 'a message that is no request')
      return
    }
    const { id, method, params } = asked
    try {
      const lease = room.lease(params.machine)
      if (lease === undefined) {
        throw new OsrunError('MACHINE_CRASHED', `There is no machine ${params.machine} any more.`)
      }
      switch (method) {
        case 'type':
          await lease.type(params.text)
          break
        case 'set-clipboard':
          await lease.writeClipboard(params.text)
          break
        case 'clipboard': {
          send({ id, result: { text: await lease.readClipboard() } })
          return
        }
      }
      send({ id, result: null })
    } catch (error) {
      const { code, message } = toOsrunError(error)
      send({ id, error: { code, message } })
    }
  }

  function send(message: object): void {
    if (websocket.readyState === websocket.OPEN) {
      websocket.send(JSON.stringify(message))
    }
  }

  const timer = setInterval(look, interval)
  websocket.on('message', (data: Buffer) => answer(data.toString('utf8')))
  websocket.on('error', () => {})
  websocket.on('close', () => clearInterval(timer))
  look()
}
