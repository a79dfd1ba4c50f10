import * as v from 'valibot'
import { isOsrunError, OsrunError } from '../protocol/errors.ts'
import { decodeJson, frameType } from '../protocol/frames.ts'
import { GuestStream } from './guest-stream.ts'
import { printable } from './printable.ts'
import type { Streams } from './streams.ts'

/** What the agent is asked to do with a file: the payload of FILE. */
export type FileRequest =
  | { readonly op: 'read' | 'stat' | 'make' | 'remove'; readonly path: string }
  | { readonly op: 'write'; readonly path: string; readonly modified?: number }
  | { readonly op: 'list'; readonly path: string; readonly recursive: boolean }

/** One request that is under way. */
export interface FileExchange {
  readonly stream: GuestStream
  /**
   * The payload of DONE.
   * @throws OsrunError FILE_NOT_FOUND, FILE_FAILED, FILE_DAMAGED, AGENT_PROTOCOL, why the machine cannot be reached, and
   * what `onData` threw
   */
  readonly done: Promise<Record<string, unknown>>
}

/**
 * Opens a file stream.
 * @param onData called with each piece that the agent sends; more comes once it returns or its promise resolves
 */
export function openFileStream(
  streams: Streams,
  request: FileRequest,
  onData: (bytes: Uint8Array) => void | Promise<void> = () => {},
): FileExchange {
  const { promise: done, resolve, reject } = Promise.withResolvers<Record<string, unknown>>()
  done.catch(() => {})
  const stream = new GuestStream(streams, frameType.file, request, {
    data(_channel, bytes) {
      const taken = onData(bytes)
      // Nobody wants the rest of a file that cannot be put anywhere.
      return taken?.catch((error: unknown) => {
        stream.kill()
        reject(error)
      })
    },
    control({ type, payload }) {
      if (type === frameType.done) {
        stream.close()
        resolve(decodeJson(payload))
      } else if (type === frameType.error) {
        stream.close()
        reject(fileFailure(request, decodeJson(payload)))
      }
    },
    lose: (error) => reject(error),
    breach: (error) => reject(error),
  })
  return { stream, done }
}

/** A request that needs no more than its answer. @throws OsrunError as `FileExchange.done` */
export async function askFile(streams: Streams, request: FileRequest): Promise<Record<string, unknown>> {
  await streams.ready()
  return openFileStream(streams, request).done
}

const refusal = v.object({ code: v.string(), win32: v.optional(v.number(), 0), message: v.string() })
/** GetLastError of what is not there: a file, a folder above it, a drive. */
const absences: ReadonlySet<number> = new Set([2, 3, 15, 21, 53, 67])

/** What the agent's ERROR means to whoever asked. @throws ValiError where the payload has another shape */
export function fileFailure({ op, path }: FileRequest, payload: Record<string, unknown>): OsrunError {
  const { code, win32, message } = v.parse(refusal, payload)
  const reason = printable(message)
  if (code === 'FILE_FAILED' && absences.has(win32)) {
    return new OsrunError('FILE_NOT_FOUND', `The guest has no ${path}, so it cannot ${verbs[op]} it: ${reason}`)
  }
  if (code === 'FILE_FAILED' || code === 'FILE_DAMAGED') {
    return new OsrunError(code, `The guest could not ${verbs[op]} ${path}: ${reason}`)
  }
  return new OsrunError(
    code === 'LIMIT' || code === 'BAD_REQUEST' ? 'FILE_FAILED' : 'AGENT_PROTOCOL',
    `The guest refused to ${verbs[op]} ${path}: ${reason} (${printable(code)})`,
  )
}

const verbs: Record<FileRequest['op'], string> = {
  read: 'read',
  write: 'write',
  list: 'list',
  stat: 'look at',
  make: 'make',
  remove: 'remove',
}

/** The answer as `schema` has it. @throws OsrunError AGENT_PROTOCOL */
export function readAnswer<T extends v.GenericSchema>(schema: T, answer: unknown): v.InferOutput<T> {
  const parsed = v.safeParse(schema, answer)
  if (parsed.success) {
    return parsed.output
  }
  throw new OsrunError(
    'AGENT_PROTOCOL',
    `The guest's agent answered a request for a file oddly: ${v.summarize(parsed.issues)}`,
  )
}

/** True for the error of a path that is not there. */
export function isAbsence(error: unknown): boolean {
  return isOsrunError(error) && error.code === 'FILE_NOT_FOUND'
}
