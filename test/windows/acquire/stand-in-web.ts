import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What was asked for. */
export interface Asked {
  readonly method: string
  readonly host: string
  /** Path and query. */
  readonly path: string
  readonly headers: IncomingMessage['headers']
}

export type Handler = (asked: Asked & { query: URLSearchParams }, response: ServerResponse) => void

/** How a file is offered, and what goes wrong with it. */
export interface Offer {
  /** Answers without ranges, as a server may. */
  readonly whole?: boolean
  readonly etag?: string | null
  readonly lastModified?: string
  /** Leaves the size out: the body ends with its last piece. */
  readonly chunked?: boolean
  /** One for each request, in this order; then none. */
  readonly faults?: readonly (Fault | undefined)[]
}

export type Fault =
  | { readonly cut: number }
  | { readonly stall: number }
  | { readonly drip: number }
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | { readonly wrongPart: true }
  | { readonly encoding: string }

/** All hosts of the world of media in one server on loopback; the first part of each path is the host. */
export class StandInWeb implements AsyncDisposable {
  readonly asked: Asked[] = []
  /** A file that must have what was sent before a connection is cut: a reset overtakes what was not read yet. */
  draft: string | undefined
  readonly #server: Server
  readonly #handlers = new Map<string, Handler>()

  private constructor(server: Server) {
    this.#server = server
    server.on('request', (request, response) => this.#answer(request, response))
  }

  static async start(): Promise<StandInWeb> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new StandInWeb(server)
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The option `hosts` that leads here. */
  hosts(...names: string[]): Record<string, string> {
    return Object.fromEntries(names.map((name) => [name, `${this.origin}/${name}`]))
  }

  /** Answers a path of a host, without its query. */
  on(host: string, path: string, handler: Handler): void {
    this.#handlers.set(`/${host}${path}`, handler)
  }

  /** What answers a path now. */
  handler(host: string, path: string): Handler {
    return this.#handlers.get(`/${host}${path}`) ?? (() => undefined)
  }

  redirect(host: string, path: string, location: string, status = 302): void {
    this.on(host, path, (_, response) => {
      response.writeHead(status, { location }).end()
    })
  }

  offer(host: string, path: string, content: Buffer, offer: Offer = {}): void {
    const faults = [...(offer.faults ?? [])]
    this.on(host, path, ({ method, headers }, response) =>
      answerFile(method, headers, response, content, offer, faults.shift(), this.draft),
    )
  }

  /** Requests of a path, without its query. */
  askedFor(host: string, path: string): Asked[] {
    return this.asked.filter((asked) => asked.host === host && asked.path.split('?')[0] === path)
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.origin)
    const [, host = '', ...rest] = url.pathname.split('/')
    const path = `/${rest.join('/')}`
    const asked = { method: request.method ?? '', host, path: `${path}${url.search}`, headers: request.headers }
    this.asked.push(asked)
    const handler = this.#handlers.get(`/${host}${path}`)
    if (handler === undefined) {
      response.writeHead(404).end('not here')
    } else {
      handler({ ...asked, query: url.searchParams }, response)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

function answerFile(
  method: string,
  headers: IncomingMessage['headers'],
  response: ServerResponse,
  content: Buffer,
  { whole, etag = `"${createHash('md5').update(content).digest('hex')}"`, lastModified, chunked }: Offer,
  fault: Fault | undefined,
  draft: string | undefined,
): void {
  if (fault !== undefined && 'status' in fault) {
    response.writeHead(fault.status, fault.headers).end(fault.body ?? 'no')
    return
  }
  const condition = headers['if-range']
  const wanted = /^bytes=(\d+)-$/.exec(headers.range ?? '')
  const fits = condition === undefined || condition === etag || condition === lastModified
  const start = wanted && !whole && fits ? Number(wanted[1]) : 0
  const partial = wanted !== null && !whole && fits
  if (partial && start >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end()
    return
  }
  const from = fault && 'wrongPart' in fault ? start + 1 : start
  response.writeHead(partial ? 206 : 200, {
    ...(etag && { etag }),
    ...(lastModified && { 'last-modified': lastModified }),
    ...(partial && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
    ...(chunked ? {} : { 'content-length': content.length - from }),
    ...(fault && 'encoding' in fault && { 'content-encoding': fault.encoding }),
  })
  const body = content.subarray(from)
  if (method === 'HEAD') {
    response.end()
  } else if (fault && 'cut' in fault) {
    response.write(body.subarray(0, fault.cut), () => cutWhenSeen(response, draft, from + fault.cut))
  } else if (fault && 'stall' in fault) {
    response.write(body.subarray(0, fault.stall))
  } else if (fault && 'drip' in fault) {
    drip(response, body, fault.drip)
  } else {
    response.end(body)
  }
}

async function cutWhenSeen(response: ServerResponse, draft: string | undefined, size: number): Promise<void> {
  while (draft !== undefined && !((await stat(draft).catch(() => undefined))?.size === size) && !response.closed) {
    await sleep(5)
  }
  response.destroy()
}

function drip(response: ServerResponse, body: Buffer, at: number): void {
  response.write(body.subarray(0, at))
  const timer = setInterval(() => response.write(body.subarray(at, at + 1)), 10)
  response.on('close', () => clearInterval(timer))
}
