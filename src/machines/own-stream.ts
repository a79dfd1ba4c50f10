import { OsrunError } from '../protocol/errors.ts'
import { encodeJsonFrame, type Frame } from '../protocol/frames.ts'
import type { AgentLink } from './agent-link.ts'

/** The upper half of the numbers is not the clients'. */
let lastStream = 0x8000_0000

/** What the server itself asks of an agent. */
export interface OwnRequest<T> {
  /** The frame that opens the stream, and its payload. */
  readonly type: number
  readonly payload: object
  /** What did not happen, where it did not: "The guest's command `dir` did not end". */
  readonly failure: string
  /** Milliseconds. */
  readonly deadline: number
  /** Takes a frame of the stream; what it returns is the end. What it throws, too. */
  take(frame: Frame): { readonly answer: T } | undefined
}

/** Opens a stream to the agent for the server's own purposes. @throws OsrunError MACHINE_UNRESPONSIVE, of `take` */
export function askAgent<T>(link: AgentLink, { type, payload, failure, deadline, take }: OwnRequest<T>): Promise<T> {
  lastStream += 1
  const stream = lastStream
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const fail = (why: string) => reject(new OsrunError('MACHINE_UNRESPONSIVE', `${failure}: ${why}`))
  const onClosed = (reason: OsrunError) => fail(reason.message)
  const onFrame = (frame: Frame) => {
    if (frame.stream !== stream) {
      return
    }
    try {
      const end = take(frame)
      if (end !== undefined) {
        resolve(end.answer)
      }
    } catch (error) {
      reject(error)
    }
  }
  const timer = setTimeout(() => fail(`the deadline of ${deadline} ms passed.`), deadline)
  if (link.lost !== undefined) {
    onClosed(link.lost)
  }
  link.on('frame', onFrame)
  link.on('closed', onClosed)
  link.send(encodeJsonFrame(type, stream, payload))
  return promise.finally(() => {
    clearTimeout(timer)
    link.off('frame', onFrame)
    link.off('closed', onClosed)
  })
}
