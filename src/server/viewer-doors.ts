import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { checkViewerRequest, leaseOfScreen, type Refusal, screenProtocol, watchPath, watchProtocol } from './door.ts'
import type { MachineRoom } from './machine-room.ts'
import { showScreen } from './screen-gateway.ts'
import { watch } from './watch.ts'

/** The websockets of the viewer's pages: the machines' screens, and what the machine room is doing. */
export class ViewerDoors {
  readonly #room: MachineRoom
  readonly #token: string
  readonly #refuse: (socket: Duplex, refusal: Refusal) => void
  // What a viewer sends is keys, the pointer and short texts.
  readonly #screens = new WebSocketServer({
    noServer: true,
    maxPayload: 2 ** 20,
    handleProtocols: () => screenProtocol,
  })
  readonly #watchers = new WebSocketServer({
    noServer: true,
    maxPayload: 2 ** 16,
    handleProtocols: () => watchProtocol,
  })

  constructor(room: MachineRoom, token: string, refuse: (socket: Duplex, refusal: Refusal) => void) {
    this.#room = room
    this.#token = token
    this.#refuse = refuse
  }

  /** Takes the request, or refuses it, if it is for one of these. @returns false where it is for something else */
  open(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (request.url === watchPath) {
      const refusal = checkViewerRequest(request, this.#token, watchProtocol)
      if (refusal === undefined) {
        this.#watchers.handleUpgrade(request, socket, head, (websocket) => watch(websocket, this.#room))
      } else {
        this.#refuse(socket, refusal)
      }
      return true
    }
    const id = leaseOfScreen(request)
    if (id === undefined) {
      return false
    }
    const screen = this.#room.screenSocket(id)
    const refusal = checkViewerRequest(request, this.#token, screenProtocol)
    if (refusal === undefined && screen !== undefined) {
      this.#screens.handleUpgrade(request, socket, head, (websocket) => showScreen(websocket, screen))
    } else {
      this.#refuse(socket, refusal ?? { status: 404, reason: `there is no machine ${id}` })
    }
    return true
  }

  close(): void {
    for (const client of [...this.#screens.clients, ...this.#watchers.clients]) {
      client.terminate()
    }
  }
}
