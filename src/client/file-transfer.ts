import { crc32 } from 'node:zlib'
import * as v from 'valibot'
import { OsrunError } from '../protocol/errors.ts'
import { frameType } from '../protocol/frames.ts'
import { openFileStream, readAnswer } from './file-request.ts'
import type { Streams } from './streams.ts'

const digestText = v.pipe(v.string(), v.regex(/^[0-9a-f]{8}$/))
const readDone = v.object({ size: v.number(), digest: digestText, modified: v.number() })
const writeDone = v.object({ size: v.number(), digest: digestText })

/** Counts and sums up what passes, as both sides do to find what got lost on the way. */
class Digest {
  size = 0
  #crc = 0

  add(bytes: Uint8Array): void {
    this.size += bytes.length
    this.#crc = crc32(bytes, this.#crc)
  }

  get text(): string {
    return this.#crc.toString(16).padStart(8, '0')
  }
}

/**
 * Reads a guest's file in pieces.
 * @param take called with each piece; the next ones wait for its promise
 * @returns when the file was last changed
 * @throws OsrunError FILE_NOT_FOUND, FILE_FAILED, FILE_DAMAGED, ...; and what `take` throws
 */
export async function receiveFile(
  streams: Streams,
  path: string,
  take: (bytes: Uint8Array) => void | Promise<void>,
): Promise<{ modified: Date }> {
  await streams.ready()
  const digest = new Digest()
  let last: Promise<void> = Promise.resolve()
  const { done } = openFileStream(streams, { op: 'read', path }, (bytes) => {
    digest.add(bytes)
    // One after the other: more pieces than one may come before the first is taken.
    last = last.then(() => take(bytes))
    return last
  })
  const told = readAnswer(readDone, await done)
  await last
  if (told.size !== digest.size || told.digest !== digest.text) {
    throw damaged(path, `${digest.size} bytes came (digest ${digest.text}), ${told.size} were sent (${told.digest})`)
  }
  return { modified: new Date(told.modified) }
}

/**
 * Writes a guest's file from pieces. It appears when all of it is there.
 * @param modified when it was last changed, where it shall say so
 * @throws OsrunError FILE_FAILED, FILE_DAMAGED, ...; and what `pieces` throws
 */
export async function sendFile(
  streams: Streams,
  path: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  modified?: Date,
): Promise<void> {
  await streams.ready()
  const digest = new Digest()
  const { stream, done } = openFileStream(streams, {
    ...{ op: 'write', path },
    ...(modified && { modified: Math.round(modified.getTime()) }),
  })
  let failed = false
  done.catch(() => {
    failed = true
  })
  try {
    for await (const piece of pieces) {
      if (failed) {
        break
      }
      digest.add(piece)
      await stream.write(piece)
    }
  } catch (error) {
    stream.kill()
    await done.catch(() => {})
    throw error
  }
  const { size, text } = digest
  stream.endInput(frameType.commit, new TextEncoder().encode(JSON.stringify({ size, digest: text })))
  const told = readAnswer(writeDone, await done)
  if (told.size !== size || told.digest !== text) {
    throw damaged(path, `${size} bytes were sent (digest ${text}), ${told.size} were written (${told.digest})`)
  }
}

function damaged(path: string, why: string): OsrunError {
  return new OsrunError('FILE_DAMAGED', `${path} changed on its way between host and guest: ${why}. Please report it`)
}
