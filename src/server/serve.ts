import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { headerLength, maxPayload } from '../protocol/frames.ts'
import { checkRequest, type Refusal } from './door.ts'
import { MachineRoom, type MachineRoomOptions } from './machine-room.ts'
import { Session } from './session.ts'
import { ViewerDoors } from './viewer-doors.ts'
import { answerViewer, viewerFiles } from './viewer-files.ts'

/** What a server is told. */
export interface ServeOptions extends MachineRoomOptions {
  /** Address to listen on. */
  readonly host: string
  /** 0 lets the kernel choose. */
  readonly port: number
  readonly token: string
  /** Seconds without any connection after which the server ends by itself; never when left out. */
  readonly exitWhenIdle?: number | undefined
}

/** A server that accepts connections. */
export interface Served {
  readonly url: string
  /** Resolves when the server has had no connection for `exitWhenIdle` seconds. */
  readonly idle: Promise<void>
  /** Ends all connections and machines. Safe to call twice. */
  close(): Promise<void>
}

/** Opens the machine room and serves it. @throws OsrunError of `MachineRoom.open` */
export async function serve(options: ServeOptions): Promise<Served> {
  const room = await MachineRoom.open(options)
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 4 * (maxPayload + headerLength) })
  const viewers = new ViewerDoors(room, options.token, refuse)
  const files = await viewerFiles()
  const server = createServer((request, response) => {
    answer(files, request, response).catch(() => response.destroy())
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (viewers.open(request, socket, head)) {
      return
    }
    const refusal = checkRequest(request, options.token)
    if (refusal !== undefined) {
      refuse(socket, refusal)
      return
    }
    sockets.handleUpgrade(request, socket, head, (websocket) => {
      websocket.on('close', watch.check)
      watch.check()
      new Session(websocket, room)
    })
  })
  const watch = watchIdle(() => sockets.clients.size, options.exitWhenIdle)
  server.listen(options.port, options.host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  let closing: Promise<void> | undefined
  return {
    url: `ws://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    idle: watch.idle,
    close() {
      closing ??= close()
      return closing
    },
  }

  async function close(): Promise<void> {
    watch.stop()
    server.close()
    viewers.close()
    for (const client of sockets.clients) {
      client.terminate()
    }
    await room.close()
  }
}

function refuse(socket: Duplex, { status, reason }: Refusal): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain\r\n\r\n${reason}\n`)
}

async function answer(
  files: ReadonlyMap<string, string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (await answerViewer(files, request, response)) {
    return
  }
  const healthy = request.method === 'GET' && request.url === '/healthz'
  response.writeHead(healthy ? 200 : 404, { 'content-type': 'text/plain' }).end(healthy ? 'ok\n' : 'not found\n')
}

function watchIdle(connections: () => number, seconds: number | undefined) {
  const { promise: idle, resolve } = Promise.withResolvers<void>()
  let timer: NodeJS.Timeout | undefined
  const check = () => {
    clearTimeout(timer)
    if (seconds !== undefined && connections() === 0) {
      timer = setTimeout(resolve, seconds * 1000)
    }
  }
  check()
  return { idle, check, stop: () => clearTimeout(timer) }
}
