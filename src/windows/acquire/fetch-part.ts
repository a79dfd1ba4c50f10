import { dirname } from 'node:path'
import { OsrunError } from '../../protocol/errors.ts'
import { checkRoom } from '../../snapshots/room.ts'
import { lengthOf, rangeOf, retryAfter, validatorOf } from './answers.ts'
import type { Download } from './download.ts'
import type { Draft, Origin } from './draft.ts'
import { shown } from './hosts.ts'
import type { Meter } from './meter.ts'
import type { Answer, Web } from './web.ts'

/** The server no longer gives the file at this address. */
export class LinkExpired extends Error {}

/** What may be over in a moment. */
class Passing extends Error {
  /** Milliseconds that the server asks for. */
  readonly wait: number | undefined

  constructor(message: string, wait?: number) {
    super(message)
    this.wait = wait
  }
}

interface Fetching {
  readonly web: Web
  readonly signal?: AbortSignal | undefined
  readonly count: (bytes: number) => void
  /** Hears how large the file is. */
  readonly meter?: Meter
}

/** No medium of Windows comes near. */
const mostBytes = 64 * 2 ** 30
const longestRetryAfter = 30_000

/**
 * Asks once for what a draft lacks, and writes what comes.
 * @throws OsrunError for what stays as it is; LinkExpired; any other error for what may pass
 */
export async function fetchPart(
  draft: Draft,
  wanted: Download,
  { web, signal, count, meter }: Fetching,
): Promise<{ resumed: boolean }> {
  const stalled = new AbortController()
  const either = signal === undefined ? stalled.signal : AbortSignal.any([signal, stalled.signal])
  const { begun, headers } = await whereToBegin(draft, wanted)
  const answer = await web.ask(wanted.url, { headers, trusted: wanted.trusted ?? false, signal: either })
  try {
    const { start, total } = await judge(answer, begun, draft, wanted)
    await checkRoom(dirname(draft.path), (total ?? wanted.bytes ?? 0) - start, `Downloading ${wanted.what}`)
    if (total !== undefined) {
      meter?.expect(total)
    }
    count(start - (await draft.size()))
    const validator = validatorOf(answer.headers)
    await using writer = await draft.open(start, { url: shown(wanted.url), ...(validator && { validator }) })
    const end = wanted.bytes ?? total
    using _watch = watch(() => writer.at, web.patience.stall, stalled)
    for await (const piece of answer.body as AsyncIterable<Buffer>) {
      if (writer.at + piece.length > (end ?? mostBytes)) {
        throw refused(wanted, `the server sends more than the ${end ?? mostBytes} bytes that it should`)
      }
      await writer.write(piece)
      count(piece.length)
    }
    if (end !== undefined && writer.at < end) {
      throw new Passing(`the connection ended after ${writer.at} of ${end} bytes`)
    }
    await writer.finish()
    return { resumed: start > 0 }
  } catch (error) {
    throw stalled.signal.aborted && !signal?.aborted ? stalled.signal.reason : error
  } finally {
    answer.body.on('error', () => undefined).destroy()
  }
}

/** Goes on with a draft where something will tell whether its pieces fit: a digest, or what the server said of it. */
async function whereToBegin(draft: Draft, { url, bytes, digest }: Download) {
  const begun = await draft.size()
  const origin = begun === 0 ? undefined : await draft.origin()
  const validator = origin !== undefined && sameFile(origin, url) ? origin.validator : undefined
  if (begun === 0 || (bytes !== undefined && begun > bytes) || (digest === undefined && validator === undefined)) {
    return { begun: 0, headers: {} }
  }
  return { begun, headers: { range: `bytes=${begun}-`, ...(validator && { 'if-range': validator }) } }
}

function sameFile(origin: Origin, url: string): boolean {
  return origin.url === shown(url)
}

/** What an answer is: from which byte on, and of how many in all. */
async function judge(answer: Answer, begun: number, draft: Draft, wanted: Download) {
  const { statusCode: status, headers } = answer
  const encoding = headers['content-encoding'] ?? 'identity'
  if (status === 200 || status === 206) {
    if (encoding !== 'identity') {
      throw refused(wanted, `the server sends it as ${encoding}, which was not asked for`)
    }
    const range = status === 206 ? rangeOf(headers) : { start: 0, total: lengthOf(headers) }
    if (range === undefined || range.start !== begun * Number(status === 206)) {
      await draft.remove()
      throw new Passing('the server sent another part than was asked for')
    }
    const total = range.total
    if (total !== undefined && total !== (wanted.bytes ?? total)) {
      throw refused(wanted, `the server has a file of ${total} bytes, expected one of ${wanted.bytes}`)
    }
    if ((total ?? 0) > mostBytes) {
      throw refused(wanted, `the server has a file of ${total} bytes, which no medium of Windows has`)
    }
    return { start: range.start ?? 0, total }
  }
  if (status === 416) {
    await draft.remove()
    throw new Passing('the server has no such part')
  }
  if (status === 408 || status === 429 || status >= 500) {
    throw new Passing(`the server answered with status ${status}`, retryAfter(headers, longestRetryAfter))
  }
  if (status === 401 || status === 403 || status === 410) {
    throw new LinkExpired(`the server answered with status ${status}: the link has expired, or is refused here`)
  }
  throw refused(wanted, `the server answered with status ${status}`)
}

function refused({ what, url }: Download, why: string): OsrunError {
  return new OsrunError('DOWNLOAD_FAILED', `${what} could not be downloaded from ${shown(url)}: ${why}.`)
}

/** Bytes a second; below it a download would take days. */
const leastRate = 512

/** Gives up where next to nothing comes. */
function watch(arrived: () => number, stall: number, stalled: AbortController): Disposable {
  let before = arrived()
  const timer = setInterval(() => {
    const now = arrived()
    if (now - before < (leastRate * stall) / 1000) {
      stalled.abort(new Passing(`no more than ${now - before} bytes came within ${stall / 1000} s`))
    }
    before = now
  }, stall)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
