import * as v from 'valibot'
import { errorCodes, OsrunError, type OsrunErrorCode } from '../protocol/errors.ts'
import { type Method, methodResults, type Parameters, type Result, type response } from '../protocol/messages.ts'

export interface RequestOptions {
  /** Milliseconds; the method's own deadline when left out. */
  readonly deadline?: number
  readonly signal?: AbortSignal | undefined
}

interface Pending {
  readonly method: Method
  resolve(value: unknown): void
  reject(error: OsrunError): void
}

const minute = 60_000

// Generous: they end waits that nothing else would end. `acquire` includes the queue, `install` builds a guest, `claim` waits for a build.
const deadlines: Record<Method, number> = {
  acquire: 120 * minute,
  label: minute,
  restore: 3 * minute,
  snapshot: 15 * minute,
  save: 2 * minute,
  snapshots: minute,
  screenshot: minute,
  keyboard: 5 * minute,
  mouse: minute,
  clock: minute,
  reboot: 15 * minute,
  release: minute,
  hold: minute,
  install: 240 * minute,
  templates: minute,
  claim: 240 * minute,
  keep: minute,
  drain: 11 * minute,
  status: minute,
}

/** The requests of one connection that wait for their answers. */
export class Requests {
  readonly #pending = new Map<number, Pending>()
  #lastId = 0

  /** @throws OsrunError the server's own failure, SERVER_PROTOCOL, TIMED_OUT, CANCELED, and what `fail` is given */
  async ask<M extends Method>(
    method: M,
    params: Parameters<M>,
    { deadline = deadlines[method], signal }: RequestOptions,
    send: (text: string) => void,
  ): Promise<Result<M>> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const onAbort = () => reject(new OsrunError('CANCELED', `\`${method}\` was canceled`, { cause: signal?.reason }))
    if (signal?.aborted) {
      onAbort()
    }
    this.#lastId += 1
    const id = this.#lastId
    const timer = setTimeout(() => {
      reject(new OsrunError('TIMED_OUT', `The machine room did not answer \`${method}\` in ${deadline} ms`))
    }, deadline)
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#pending.set(id, { method, resolve, reject })
    try {
      if (!signal?.aborted) {
        send(JSON.stringify({ id, method, params }))
      }
      return (await promise) as Result<M>
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      this.#pending.delete(id)
    }
  }

  /** Hands an answer to its request. One that comes after its request was given up is passed over. */
  settle(answer: v.InferOutput<typeof response>): void {
    const pending = this.#pending.get(answer.id)
    if (pending === undefined) {
      return
    }
    if ('error' in answer) {
      pending.reject(fromServer(answer.error))
      return
    }
    const { method } = pending
    const result = v.safeParse(methodResults[method], answer.result)
    if (result.success) {
      pending.resolve(result.output)
    } else {
      const problem = v.summarize(result.issues)
      pending.reject(new OsrunError('SERVER_PROTOCOL', `The machine room answered \`${method}\` oddly: ${problem}`))
    }
  }

  /** Ends all waits. */
  fail(error: OsrunError): void {
    for (const pending of [...this.#pending.values()]) {
      pending.reject(error)
    }
  }
}

/** A failure that the server told. */
export function fromServer({ code, message }: { code: string; message: string }): OsrunError {
  return code in errorCodes
    ? new OsrunError(code as OsrunErrorCode, message)
    : new OsrunError('INTERNAL', `${code}: ${message}`)
}
