import { formatBytes } from '../../snapshots/room.ts'
import { lengthOf, rangeOf } from './answers.ts'
import { type Hosts, readHosts } from './hosts.ts'
import { type PinnedIso, readPinned } from './pinned.ts'
import { reasonOf, Web } from './web.ts'

/** What has become of an ISO of the list. */
export interface PinnedState {
  readonly iso: PinnedIso
  /** `gone`: the server has it no more. `changed`: it has another one there. `unknown`: it could not be asked. */
  readonly state: 'ok' | 'gone' | 'changed' | 'unknown'
  /** For a person. */
  readonly detail: string
}

export interface CheckingPinned {
  readonly hosts?: Readonly<Record<string, string>>
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly list?: readonly PinnedIso[]
  /** Milliseconds without an answer; default one minute. */
  readonly stall?: number
  readonly signal?: AbortSignal
}

/** Asks for each ISO of the list whether it is still there and as large as it was. Downloads nothing. */
export async function checkPinned({
  hosts,
  environment = process.env,
  list,
  stall = 60_000,
  signal,
}: CheckingPinned = {}): Promise<PinnedState[]> {
  const mirrors: Hosts = readHosts(hosts, environment['OSRUN_MEDIA_HOSTS'])
  const web = new Web(mirrors, environment, { stall, retry: 0 })
  try {
    return await Promise.all((list ?? (await readPinned())).map((iso) => checkIso(iso, web, signal)))
  } finally {
    await web.close()
  }
}

/** One line: "ok       Windows Server 2022, evaluation (4.7 GiB)". */
export function describePinned({ state, iso, detail }: PinnedState): string {
  return `${state.padEnd(7)}  ${iso.title}: ${detail}  ${iso.url}`
}

async function checkIso(iso: PinnedIso, web: Web, signal: AbortSignal | undefined): Promise<PinnedState> {
  const ask = async (method: 'HEAD' | 'GET', headers = {}) => {
    const answer = await web.ask(iso.url, { method, headers, signal })
    answer.body.on('error', () => undefined).destroy()
    return answer
  }
  try {
    let { statusCode: status, headers } = await ask('HEAD')
    if (status === 405 || status === 501) {
      ;({ statusCode: status, headers } = await ask('GET', { range: 'bytes=0-0' }))
    }
    const bytes = status === 206 ? rangeOf(headers)?.total : lengthOf(headers)
    if (status === 404 || status === 410) {
      return { iso, state: 'gone', detail: `status ${status}` }
    }
    if (status !== 200 && status !== 206) {
      return { iso, state: 'unknown', detail: `status ${status}` }
    }
    if (bytes !== undefined && bytes !== iso.bytes) {
      return { iso, state: 'changed', detail: `${bytes} bytes, expected ${iso.bytes}` }
    }
    return bytes === undefined
      ? { iso, state: 'unknown', detail: 'the server does not say how large it is' }
      : { iso, state: 'ok', detail: formatBytes(bytes) }
  } catch (error) {
    return { iso, state: 'unknown', detail: reasonOf(error) }
  }
}
