import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { socketPath } from '../protocol/messages.ts'

/** Why a request may not become a websocket: an HTTP status and its reason. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404
  readonly reason: string
}

/**
 * Checks who asks for a websocket. The token is the lock; Host and Origin keep web pages in the user's own browser
 * out, which could otherwise reach a loopback port.
 */
export function checkRequest(request: IncomingMessage, token: string): Refusal | undefined {
  if (!isOwnHost(request.headers.host)) {
    return { status: 403, reason: 'this Host is not served' }
  }
  if (request.headers.origin !== undefined) {
    return { status: 403, reason: 'web pages are not served' }
  }
  if (request.url !== socketPath) {
    return { status: 404, reason: `expected ${socketPath}` }
  }
  if (!isToken(request.headers.authorization, token)) {
    return { status: 401, reason: 'wrong token' }
  }
  return undefined
}

/** An address, or the name of this computer itself: what DNS rebinding cannot make a browser send. */
function isOwnHost(host: string | undefined): boolean {
  const name = host?.replace(/:\d+$/, '')
  return (
    name !== undefined && (name === 'localhost' || /^\d+\.\d+\.\d+\.\d+$/.test(name) || /^\[[0-9a-f:]+\]$/i.test(name))
  )
}

// Digests have one length whatever was sent, so the comparison tells nothing by its time.
function isToken(authorization: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${token}`))
}
