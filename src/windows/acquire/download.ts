import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as v from 'valibot'
import { checkJson } from '../../protocol/check-json.ts'
import { isOsrunError, OsrunError } from '../../protocol/errors.ts'
import type { Progress } from '../../protocol/messages.ts'
import { lock, tryLock, type Unlock } from '../../snapshots/lock.ts'
import { Draft } from './draft.ts'
import { fetchPart, LinkExpired } from './fetch-part.ts'
import { type Digest, digestFile } from './file-digest.ts'
import { shown } from './hosts.ts'
import { Meter } from './meter.ts'
import { reasonOf, type Web } from './web.ts'

/** A file that is to be had. */
export interface Download {
  readonly url: string
  /** What to call it: "Windows 11 25H2". */
  readonly what: string
  /** Where it will lie, complete and checked. */
  readonly folder: string
  readonly name: string
  /** Where drafts, locks and records of the folder's downloads lie; on the same file system. */
  readonly notes: string
  readonly bytes?: number | undefined
  readonly digest?: Digest | undefined
  /** Nothing vouches for its content, see `Request`. */
  readonly trusted?: boolean
  /** Another address for the same file, where this one is no longer valid. */
  readonly renew?: (url: string) => Promise<string>
}

export interface Downloading {
  readonly web: Web
  readonly onProgress: (progress: Progress) => void
  readonly signal?: AbortSignal | undefined
  /** Counts the bytes of several downloads in one; default: each has its own. */
  readonly meter?: Meter
}

const record = v.object({ bytes: v.number(), sha1: v.string(), sha256: v.string() })
export type Downloaded = v.InferOutput<typeof record> & { readonly file: string }

/**
 * Brings a file here: goes on with what an earlier run has left, begins anew what cannot be gone on with, tries again
 * what may pass, and puts the file in its place when its size and digest are what they should be. Several processes that
 * want the same file download it once.
 * @throws OsrunError DOWNLOAD_FAILED, MEDIUM_DAMAGED, DISK_FULL, HOST_FILE_FAILED, CANCELED
 */
export async function download(wanted: Download, context: Downloading): Promise<Downloaded> {
  await mkdir(wanted.notes, { recursive: true })
  await mkdir(wanted.folder, { recursive: true })
  const unlock = await take(wanted, context)
  try {
    const here = await findHere(wanted)
    context.meter?.skip(here?.bytes ?? 0)
    return here ?? (await bring(wanted, context))
  } finally {
    await unlock()
  }
}

async function take({ notes, name, what }: Download, { onProgress, signal }: Downloading): Promise<Unlock> {
  const path = join(notes, `${name}.lock`)
  const unlock = await tryLock(path)
  if (unlock !== undefined) {
    return unlock
  }
  onProgress({ phase: `waiting for another osrun that downloads ${what}` })
  return lock(path, signal)
}

/** What an earlier download has put in place, if it is what is wanted. */
async function findHere(wanted: Download): Promise<Downloaded | undefined> {
  const file = join(wanted.folder, wanted.name)
  const known = checkJson(record, await readFile(recordOf(wanted), 'utf8').catch(() => ''))
  const found = await stat(file).catch(() => undefined)
  return known !== undefined && found?.size === known.bytes && faultOf(wanted, known) === undefined
    ? { ...known, file }
    : undefined
}

async function bring(wanted: Download, context: Downloading): Promise<Downloaded> {
  const draft = new Draft(join(wanted.notes, `${wanted.name}.part`))
  const meter = context.meter ?? new Meter(`downloading ${wanted.what}`, context.onProgress)
  if (context.meter === undefined && wanted.bytes !== undefined) {
    meter.expect(wanted.bytes)
  }
  for (let rounds = 1; ; rounds += 1) {
    const { resumed } = await fill(draft, wanted, { ...context, meter, own: context.meter === undefined })
    const made = await check(draft.path, wanted, context)
    const fault = faultOf(wanted, made)
    if (fault === undefined) {
      const file = join(wanted.folder, wanted.name)
      await writeFile(recordOf(wanted), JSON.stringify(made))
      await rename(draft.path, file)
      await draft.remove()
      return { ...made, file }
    }
    await draft.remove()
    // Pieces of different times may be of different files: only a file of one piece tells.
    if (!resumed || rounds > 1) {
      throw new OsrunError(
        'MEDIUM_DAMAGED',
        `${wanted.what} from ${shown(wanted.url)} is not what it should be: ${fault}. It was removed.`,
      )
    }
    meter.skip(-made.bytes)
  }
}

async function check(path: string, wanted: Download, { onProgress, signal, meter: shared }: Downloading) {
  const meter = shared === undefined ? new Meter(`checking ${wanted.what}`, onProgress) : undefined
  meter?.expect((await stat(path)).size)
  try {
    return await digestFile(path, { signal, ...(meter && { onBytes: meter.move }) })
  } catch (cause) {
    throw signal?.aborted ? canceled(wanted) : cause
  }
}

const attempts = 5
/** An attempt that brings so much is worth as many more as the first. */
const worthwhile = 2 ** 20
const mostRenewals = 5
const longestWait = 30_000

async function fill(
  draft: Draft,
  wanted: Download,
  context: Downloading & { meter: Meter; own: boolean },
): Promise<{ resumed: boolean }> {
  const { web, signal, meter } = context
  const most = { counted: 0 }
  let { url } = wanted
  let [failures, renewals, resumed] = [0, 0, false]
  for (;;) {
    if (signal?.aborted) {
      throw canceled(wanted)
    }
    const begun = await draft.size()
    meter.skip(begun - most.counted)
    most.counted = begun
    if (begun > 0 && begun === wanted.bytes) {
      return { resumed: true }
    }
    const count = (bytes: number) => {
      most.counted += bytes
      meter.move(bytes)
    }
    try {
      const part = await fetchPart(draft, { ...wanted, url }, { web, signal, count, ...(context.own && { meter }) })
      return { resumed: resumed || part.resumed }
    } catch (error) {
      if (signal?.aborted) {
        throw canceled(wanted)
      }
      resumed = true
      if (error instanceof LinkExpired && wanted.renew !== undefined && renewals < mostRenewals) {
        renewals += 1
        url = await wanted.renew(url)
        continue
      }
      if (isOsrunError(error)) {
        throw error
      }
      failures = (await draft.size()) - begun >= worthwhile ? 1 : failures + 1
      if (error instanceof LinkExpired || failures >= attempts) {
        throw failed(wanted, url, failures, error)
      }
      context.onProgress({ phase: `trying again to download ${wanted.what}: ${reasonOf(error)}` })
      const wait = (error as { wait?: number }).wait ?? web.patience.retry * 2 ** (failures - 1)
      await sleep(Math.min(wait, longestWait), undefined, signal ? { signal } : {}).catch(() => undefined)
    }
  }
}

function failed(wanted: Download, url: string, failures: number, cause: unknown): OsrunError {
  const times = failures > 1 ? ` after ${failures} attempts` : ''
  return new OsrunError(
    'DOWNLOAD_FAILED',
    `${wanted.what} could not be downloaded from ${shown(url)}${times}: ${reasonOf(cause)}. ` +
      'What has arrived is kept, and the next run goes on from there.',
    { cause },
  )
}

function canceled({ what }: Download): OsrunError {
  return new OsrunError('CANCELED', `Downloading ${what} was canceled; what has arrived is kept.`)
}

function recordOf({ notes, name }: Download): string {
  return join(notes, `${name}.json`)
}

/** How a file differs from what is wanted, for a person. */
function faultOf({ bytes, digest }: Download, made: v.InferOutput<typeof record>): string | undefined {
  if (bytes !== undefined && bytes !== made.bytes) {
    return `it has ${made.bytes} bytes, expected ${bytes}`
  }
  if (digest !== undefined && digest.hex !== made[digest.algorithm]) {
    return `its ${digest.algorithm} is ${made[digest.algorithm]}, expected ${digest.hex}`
  }
  return undefined
}
