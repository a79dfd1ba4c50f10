import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { socketPath } from '../protocol/messages.ts'
import { machineInPath } from './machine-path.ts'

/** Why a request is not answered: an HTTP status and its reason. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404
  readonly reason: string
}

/** The subprotocol in which a viewer speaks VNC. */
export const screenProtocol = 'osrun.vnc'
/** The one in which its pages hear what the machine room is doing, and where. */
export const watchProtocol = 'osrun.watch'
export const watchPath = '/v1/watch'
const screenPath = new RegExp(`^/v1/vnc/(${machineInPath})$`)
/** A page cannot send an authorization header with a websocket, so the token comes as a subprotocol, in base64url. */
const tokenProtocol = 'osrun.token.'

const foreignHost: Refusal = { status: 403, reason: 'this Host is not served' }
const foreignPage: Refusal = { status: 403, reason: 'web pages are not served' }
const wrongToken: Refusal = { status: 401, reason: 'wrong token' }

/**
 * Checks who asks for a websocket. The token is the lock; Host and Origin keep web pages in the user's own browser
 * out, which could otherwise reach a loopback port.
 */
export function checkRequest(request: IncomingMessage, token: string): Refusal | undefined {
  if (!isOwnHost(request.headers.host)) {
    return foreignHost
  }
  if (request.headers.origin !== undefined) {
    return foreignPage
  }
  if (request.url !== socketPath) {
    return { status: 404, reason: `expected ${socketPath}` }
  }
  return isToken(request.headers.authorization ?? '', `Bearer ${token}`) ? undefined : wrongToken
}

/** The lease whose screen the request asks for; undefined where it asks for something else. */
export function leaseOfScreen(request: IncomingMessage): string | undefined {
  return screenPath.exec(request.url ?? '')?.[1]
}

/** Checks who asks for what the viewer's pages speak: as for a websocket, but our own page may. */
export function checkViewerRequest(request: IncomingMessage, token: string, protocol: string): Refusal | undefined {
  const { host, origin } = request.headers
  if (!isOwnHost(host)) {
    return foreignHost
  }
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    return foreignPage
  }
  const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((word) => word.trim())
  if (!protocols.includes(protocol)) {
    return { status: 400, reason: `expected the subprotocol ${protocol}` }
  }
  const given = protocols.find((word) => word.startsWith(tokenProtocol)) ?? ''
  return isToken(given, tokenProtocol + Buffer.from(token).toString('base64url')) ? undefined : wrongToken
}

/** Checks who asks for a page. It holds no secret, but nobody else may make it look like his own. */
export function checkPage(request: IncomingMessage): Refusal | undefined {
  return isOwnHost(request.headers.host) ? undefined : foreignHost
}

/** An address, or the name of this computer itself: what DNS rebinding cannot make a browser send. */
function isOwnHost(host: string | undefined): boolean {
  const name = host?.replace(/:\d+$/, '')
  return (
    name !== undefined && (name === 'localhost' || /^\d+\.\d+\.\d+\.\d+$/.test(name) || /^\[[0-9a-f:]+\]$/i.test(name))
  )
}

// Digests have one length whatever was sent, so the comparison tells nothing by its time.
function isToken(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
