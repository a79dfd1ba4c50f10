import { sha1 } from './made-media.ts'
import type { Handler, StandInWeb } from './stand-in-web.ts'

/** A build that UUP dump knows, with its files. */
export interface StandInBuild {
  readonly uuid: string
  readonly title: string
  readonly created: number | string | null
  readonly arch?: string
  readonly ring?: string
  readonly languages?: readonly string[]
  readonly editions?: readonly string[]
  readonly files?: Readonly<Record<string, Buffer>>
  /** What `get` answers in place of files. */
  readonly error?: string
}

export type Call = 'listid' | 'listlangs' | 'listeditions' | 'get'

/** What a call is answered in place of what is right. */
export interface Trouble {
  readonly status: number
  readonly body: string
  readonly headers?: Record<string, string>
}

const filesHost = 'tlu.dl.delivery.mp.microsoft.com'

/** UUP dump with its API, its site, the server that stands in for it, and Microsoft's servers behind signed links. */
export class StandInUup {
  /** Links are signed with this; those with an older number have expired. */
  signature = 1
  /** The first answers of each call; then it works. */
  readonly troubles: Partial<Record<Call | 'site' | 'backup', Trouble[]>> = {}
  readonly #web: StandInWeb
  readonly #builds: readonly StandInBuild[]

  constructor(web: StandInWeb, builds: readonly StandInBuild[]) {
    this.#web = web
    this.#builds = builds
    this.#call('listid', ({ query }) => {
      const words = (query.get('search') ?? '').toLowerCase().split(' ')
      const found = builds.filter(({ title, arch = 'amd64' }) =>
        words.every((word) => `${title} ${arch}`.toLowerCase().includes(word)),
      )
      // A list that was filtered has gaps, and is written as an object.
      return found.length === 0
        ? { error: 'SEARCH_NO_RESULTS' }
        : { apiVersion: '1', builds: Object.fromEntries(found.map((build, index) => [index * 2, listed(build)])) }
    })
    this.#call('listlangs', ({ query }) => {
      const { languages = ['de-de', 'en-us'], ring = 'RETAIL' } = this.#find(query)
      return {
        langList: languages,
        langFancyNames: [],
        updateInfo: { title: 't', ring, flight: 'ACTIVE', sha256ready: true },
      }
    })
    this.#call('listeditions', ({ query }) => {
      const { editions = ['CORE', 'PROFESSIONAL'] } = this.#find(query)
      return { editionList: editions, editionFancyNames: {} }
    })
    this.#call('get', ({ query }) => {
      const { files = {}, error } = this.#find(query)
      const list = Object.entries(files).map(([name, content]) => {
        const size = String(content.length)
        return [name, { sha1: sha1(content), size, url: this.#link(name), uuid: 'x', expire: '1', debug: '' }]
      })
      return error
        ? { error }
        : { updateName: 't', arch: 'amd64', build: '1', files: list.length > 0 ? Object.fromEntries(list) : [] }
    })
    this.#text('uupdump.net', '/get.php', 'site', 'pack')
    this.#text('uup.rg-adguard.net', '/api/GetFiles', 'backup', 'lang')
    for (const [name, content] of builds.flatMap(({ files = {} }) => Object.entries(files))) {
      this.#offer(name, content)
    }
  }

  /** How often each call was answered, or refused. */
  asked(call: Call): number {
    return this.#web.askedFor('api.uupdump.net', `/${call}.php`).length
  }

  askedForFile(name: string): number {
    return this.#web.askedFor(filesHost, `/filestreamingservice/files/${name}`).length
  }

  #link(name: string): string {
    return `http://${filesHost}/filestreamingservice/files/${name}?P1=17&P2=404&P4=${this.signature}`
  }

  #offer(name: string, content: Buffer): void {
    const path = `/filestreamingservice/files/${name}`
    this.#web.offer(filesHost, path, content)
    const whole = this.#web.handler(filesHost, path)
    this.#web.on(filesHost, path, (asked, response) => {
      if (asked.query.get('P4') !== String(this.signature)) {
        response.writeHead(403).end('expired')
      } else {
        whole(asked, response)
      }
    })
  }

  #call(call: Call, answer: (asked: Parameters<Handler>[0]) => object): void {
    this.#web.on('api.uupdump.net', `/${call}.php`, (asked, response) => {
      const trouble = this.troubles[call]?.shift()
      if (trouble !== undefined) {
        response.writeHead(trouble.status, trouble.headers).end(trouble.body)
        return
      }
      const body = answer(asked)
      const failed = 'error' in body
      response.writeHead(failed ? 500 : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ response: body, jsonApiVersion: '0.2.0-beta.1' }))
    })
  }

  #text(host: string, path: string, trouble: 'site' | 'backup', language: string): void {
    this.#web.on(host, path, ({ query }, response) => {
      const wrong = this.troubles[trouble]?.shift()
      if (wrong !== undefined) {
        response.writeHead(wrong.status, wrong.headers).end(wrong.body)
        return
      }
      const { files = {}, languages = ['de-de', 'en-us'] } = this.#find(query)
      const lines = Object.entries(files).map(
        ([name, content]) => `${this.#link(name)}\n  out=${name}\n  checksum=sha-1=${sha1(content)}\n\n`,
      )
      const text = languages.includes(query.get(language) ?? '') ? lines.join('') : '#UUPDUMP_ERROR:UNSUPPORTED_LANG'
      response
        .writeHead(200, { 'content-type': 'text/plain' })
        .end(`${text}# --- BEGIN UUP DUMP DEBUG INFO ---\n# http://x/\n`)
    })
  }

  #find(query: URLSearchParams): Partial<StandInBuild> {
    return this.#builds.find(({ uuid }) => uuid === query.get('id')) ?? {}
  }
}

function listed({ uuid, title, created, arch = 'amd64' }: StandInBuild) {
  return { title, build: '26100.1', arch, created, uuid }
}

export const limited: Trouble = {
  status: 429,
  body: '{"response":{"error":"USER_RATE_LIMITED"},"jsonApiVersion":"0.2.0"}',
  headers: { 'retry-after': '0' },
}
export const down: Trouble = { status: 503, body: '<html>DDoS protection</html>' }
