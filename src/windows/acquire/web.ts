import { Agent, type Dispatcher, EnvHttpProxyAgent, interceptors } from 'undici'
import { OsrunError } from '../../protocol/errors.ts'
import { type Hosts, mirrored, shown } from './hosts.ts'

/** An answer of a server. Its body has to be read to its end, or destroyed. */
export type Answer = Pick<Dispatcher.ResponseData, 'statusCode' | 'headers' | 'body'>

export interface Request {
  readonly method?: 'GET' | 'HEAD'
  readonly headers?: Readonly<Record<string, string>>
  /**
   * What arrives is trusted as it is, since nothing vouches for its content: each hop is made https, unless it is a
   * mirror that the user chose.
   */
  readonly trusted?: boolean
  readonly signal?: AbortSignal | undefined
}

/** Milliseconds. */
export interface Patience {
  /** Without a connection, an answer or a further byte. */
  readonly stall: number
  /** Before the second attempt; twice as long before each further one. */
  readonly retry: number
}

const mostRedirects = 10

/** Asks servers, over the proxies of the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`) and the user's mirrors. */
export class Web {
  readonly patience: Patience
  readonly #agent: Dispatcher
  readonly #plain: Dispatcher
  readonly #trusted: Dispatcher

  constructor(hosts: Hosts, environment: Readonly<Record<string, string | undefined>>, patience: Patience) {
    this.patience = patience
    const timeouts = {
      headersTimeout: patience.stall,
      bodyTimeout: patience.stall,
      connect: { timeout: patience.stall },
    }
    this.#agent = proxyOf(environment, timeouts)
    const redirect = interceptors.redirect({ maxRedirections: mostRedirects, throwOnMaxRedirect: true })
    this.#plain = this.#agent.compose(toMirrors(hosts, false), redirect)
    this.#trusted = this.#agent.compose(toMirrors(hosts, true), redirect)
  }

  /** @throws what the connection failed of; see `reasonOf` */
  async ask(url: string, { method = 'GET', headers = {}, trusted = false, signal }: Request = {}): Promise<Answer> {
    const { origin, pathname, search } = new URL(url)
    return (trusted ? this.#trusted : this.#plain).request({
      origin,
      path: `${pathname}${search}`,
      method,
      // What is compressed on the way has no byte to resume from, and another size than was promised.
      headers: { 'user-agent': 'osrun', 'accept-encoding': 'identity', ...headers },
      ...(signal === undefined ? {} : { signal }),
    })
  }

  /**
   * A small text, whole.
   * @throws OsrunError DOWNLOAD_FAILED where it is longer than `most` bytes
   */
  async text(url: string, most: number, request: Request = {}): Promise<Answer & { text: string }> {
    const answer = await this.ask(url, request)
    const pieces: Buffer[] = []
    let size = 0
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      size += piece.length
      if (size > most) {
        answer.body.destroy()
        throw new OsrunError('DOWNLOAD_FAILED', `${shown(url)} answered with more than ${most} bytes.`)
      }
      pieces.push(piece)
    }
    return { ...answer, text: Buffer.concat(pieces).toString('utf8') }
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

function proxyOf(environment: Readonly<Record<string, string | undefined>>, options: Agent.Options): Dispatcher {
  const read = (name: string) => environment[name.toLowerCase()] || environment[name] || undefined
  const [httpProxy, httpsProxy] = [read('HTTP_PROXY'), read('HTTPS_PROXY')]
  if (httpProxy === undefined && httpsProxy === undefined) {
    return new Agent(options)
  }
  return new EnvHttpProxyAgent({
    ...options,
    httpProxy: httpProxy ?? '',
    httpsProxy: httpsProxy ?? '',
    noProxy: read('NO_PROXY') ?? '',
  })
}

/** Below the redirects, so that each hop may have a mirror of its own. */
function toMirrors(hosts: Hosts, trusted: boolean): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const asked = new URL(options.path, String(options.origin))
    const mirror = mirrored(asked, hosts)
    const target = trusted && mirror === asked ? secured(asked) : mirror
    if (target === undefined) {
      throw new OsrunError(
        'DOWNLOAD_FAILED',
        `${shown(asked)} is not https, and nothing else vouches for what it answers.`,
      )
    }
    const { origin, pathname, search } = target
    return dispatch({ ...options, origin, path: `${pathname}${search}` }, handler)
  }
}

/** The same by https; undefined for a port of which nobody knows what would answer there. */
export function secured(url: URL): URL | undefined {
  if (url.protocol === 'https:') {
    return url
  }
  return url.protocol === 'http:' && url.port === '' ? new URL(url.href.replace(/^http:/, 'https:')) : undefined
}

/** Why a server could not be asked, for a person. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error)
  }
  if (error.message.startsWith('Redirect loop')) {
    return 'it redirects to itself'
  }
  const code = 'code' in error ? String(error.code) : ''
  const words: Partial<Record<string, string>> = {
    ECONNREFUSED: 'the connection was refused',
    ECONNRESET: 'the connection was cut',
    UND_ERR_SOCKET: 'the connection was cut',
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the connection was cut',
    ENOTFOUND: 'there is no such host, or no name server answers',
    EAI_AGAIN: 'no name server answers',
    UND_ERR_CONNECT_TIMEOUT: 'there was no connection in time',
    UND_ERR_HEADERS_TIMEOUT: 'there was no answer in time',
    UND_ERR_BODY_TIMEOUT: 'nothing more came',
    UND_ERR_REDIRECT_MAX: `it redirected more than ${mostRedirects} times`,
  }
  return words[code] ?? (error.message || code || error.name)
}
