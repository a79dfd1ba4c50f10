import { setTimeout as sleep } from 'node:timers/promises'
import type * as v from 'valibot'
import { isOsrunError, OsrunError } from '../../protocol/errors.ts'
import { retryAfter } from './answers.ts'
import { parseAria2 } from './aria2-text.ts'
import { knownHosts, shown } from './hosts.ts'
import type { Sourcing } from './source.ts'
import type { UupFile } from './uup-files.ts'
import { type answers, type Call, filesOf, parseUup } from './uup-json.ts'
import { reasonOf } from './web.ts'

/** UUP dump understood the question and says no. */
export class UupRefusal extends Error {
  readonly code: string

  constructor(code: string) {
    super(`UUP dump says ${code}`)
    this.code = code
  }
}

/** What is asked for of a build. */
export interface SetOfFiles {
  readonly id: string
  readonly language: string
  /** As UUP dump writes it: `professional`. */
  readonly edition: string
}

const attempts = 6
const mostBytes = 16 * 2 ** 20
const longestRetryAfter = 60_000

/** Asks UUP dump, no faster than it allows. */
export class UupApi {
  readonly #sourcing: Sourcing
  #last: { readonly resource: string; readonly at: number } | undefined

  constructor(sourcing: Sourcing) {
    this.#sourcing = sourcing
  }

  /** @throws UupRefusal, OsrunError DOWNLOAD_FAILED, CANCELED */
  async ask<C extends Call>(call: C, parameters: Record<string, string>): Promise<v.InferOutput<(typeof answers)[C]>> {
    const url = `https://${knownHosts.uupApi}/${call}.php?${new URLSearchParams(parameters)}`
    return this.#persist(url, (body) => {
      const parsed = parseUup(call, body)
      if (parsed !== undefined && 'error' in parsed) {
        throw new UupRefusal(parsed.error)
      }
      return parsed?.answer
    })
  }

  /**
   * The files of a set: from the API, else from UUP dump's site, else from the server that stands in for it.
   * @throws UupRefusal, OsrunError DOWNLOAD_FAILED, CANCELED
   */
  async files(set: SetOfFiles): Promise<UupFile[]> {
    try {
      return filesOf(await this.ask('get', { id: set.id, lang: set.language, edition: set.edition }))
    } catch (error) {
      return this.#filesElsewhere(set, error)
    }
  }

  async #filesElsewhere(set: SetOfFiles, first: unknown): Promise<UupFile[]> {
    if (first instanceof UupRefusal || (isOsrunError(first) && first.code === 'CANCELED')) {
      throw first
    }
    const failures = [first]
    for (const url of listAddresses(set)) {
      try {
        return await this.#persist(url, (body) => {
          const parsed = parseAria2(body)
          if ('error' in parsed) {
            throw new UupRefusal(parsed.error)
          }
          return parsed.files.length > 0 ? parsed.files : undefined
        })
      } catch (error) {
        if (isOsrunError(error) && error.code === 'CANCELED') {
          throw error
        }
        failures.push(error)
      }
    }
    throw new OsrunError('DOWNLOAD_FAILED', failures.map((error) => (error as Error).message).join('; '), {
      cause: new AggregateError(failures),
    })
  }

  /** Asks until there is an answer that `read` makes sense of. */
  async #persist<T>(url: string, read: (body: string) => T | undefined): Promise<T> {
    const { web, signal, onProgress, pace } = this.#sourcing
    let reason = ''
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      await this.#wait(url)
      let wait = web.patience.retry * 2 ** (attempt - 1)
      try {
        const { statusCode, headers, text } = await web.text(url, mostBytes, { trusted: true, signal })
        const limited = statusCode === 429
        if (!limited) {
          const answer = read(text)
          if (answer !== undefined && statusCode < 400) {
            return answer
          }
        }
        reason = `it answered with status ${statusCode}${limited ? '' : ' and something else than a list'}`
        wait = limited ? Math.max(pace.another, retryAfter(headers, longestRetryAfter) ?? 0) : wait
        if (statusCode >= 400 && statusCode < 500 && !limited) {
          break
        }
      } catch (error) {
        if (error instanceof UupRefusal && error.code === 'USER_RATE_LIMITED') {
          reason = error.message
          wait = pace.another
        } else if (error instanceof UupRefusal || isOsrunError(error)) {
          throw error
        } else {
          this.#throwIfCanceled()
          reason = reasonOf(error)
        }
      }
      if (attempt < attempts) {
        onProgress({ phase: `waiting for ${new URL(url).hostname}: ${reason}` })
        await this.#sleep(wait)
      }
    }
    throw new OsrunError('DOWNLOAD_FAILED', `${shown(url)} could not be asked: ${reason}`)
  }

  async #wait(resource: string): Promise<void> {
    const { pace } = this.#sourcing
    if (this.#last !== undefined) {
      const apart = this.#last.resource === resource ? pace.same : pace.another
      await this.#sleep(this.#last.at + apart - performance.now())
    }
    this.#throwIfCanceled()
    this.#last = { resource, at: performance.now() }
  }

  async #sleep(milliseconds: number): Promise<void> {
    const { signal } = this.#sourcing
    await sleep(Math.max(0, milliseconds), undefined, signal ? { signal } : {}).catch(() => undefined)
    this.#throwIfCanceled()
  }

  #throwIfCanceled(): void {
    if (this.#sourcing.signal?.aborted) {
      throw new OsrunError('CANCELED', 'Asking UUP dump was canceled.')
    }
  }
}

/** Where else than at the API the list of a set is to be had, as a text for aria2. */
export function listAddresses({ id, language, edition }: SetOfFiles): string[] {
  const site = new URLSearchParams({ id, pack: language, edition, aria2: '2' })
  const backup = new URLSearchParams({ id, lang: language, edition, txt: 'yes' })
  return [`https://${knownHosts.uupSite}/get.php?${site}`, `https://${knownHosts.uupBackup}/api/GetFiles?${backup}`]
}
