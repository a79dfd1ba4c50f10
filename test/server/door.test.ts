import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import {
  checkRequest,
  checkViewerRequest,
  leaseOfScreen,
  screenProtocol,
  watchProtocol,
} from '../../src/server/door.ts'

function request(headers: Record<string, string>, url = '/v1'): IncomingMessage {
  return { url, headers: { host: '127.0.0.1:8000', authorization: 'Bearer right', ...headers } } as never
}

test.each([['127.0.0.1:8000'], ['localhost:8000'], ['localhost'], ['[::1]:8000'], ['172.17.0.2:8000']])(
  'the right token is let in at the Host %s',
  (host) => {
    expect(checkRequest(request({ host }), 'right')).toBeUndefined()
  },
)

test.each([
  ['a wrong token', request({ authorization: 'Bearer wrong' }), 401],
  ['a longer token', request({ authorization: 'Bearer rightright' }), 401],
  ['no token', request({ authorization: '' }), 401],
  ['a name that someone else may point at this computer', request({ host: 'evil.test:8000' }), 403],
  ['a name that starts like an address', request({ host: '127.0.0.1.evil.test' }), 403],
  ['a web page', request({ origin: 'http://127.0.0.1:8000' }), 403],
  ['another path', request({}, '/v2'), 404],
])('%s is refused', (_, asked, status) => {
  expect(checkRequest(asked, 'right')?.status).toBe(status)
})

test('a request without a Host is refused', () => {
  const asked = request({})
  delete asked.headers.host
  expect(checkRequest(asked, 'right')?.status).toBe(403)
})

test.each([
  ['/v1/vnc/m7', 'm7'],
  ['/v1/vnc/install-win11', 'install-win11'],
  ['/v1/vnc/install-', undefined],
  ['/v1/vnc/install-../m7', undefined],
  ['/v1/vnc/m7/', undefined],
  ['/v1/vnc/x7', undefined],
])('%s asks for the screen of %s', (path, machine) => {
  expect(leaseOfScreen(request({}, path))).toBe(machine)
})

const ownPage = 'http://127.0.0.1:8000'
const protocols = `osrun.vnc, osrun.token.${Buffer.from('ri/ght').toString('base64url')}`

function screenRequest(headers: Record<string, string>): IncomingMessage {
  return request({ authorization: '', 'sec-websocket-protocol': protocols, ...headers }, '/v1/vnc/m7')
}

test.each([
  ['our own page', { origin: ownPage }],
  ['our own page behind a door of its own with TLS', { origin: 'https://127.0.0.1:8000' }],
  ['a program', {}],
])('%s may see a screen', (_, headers) => {
  expect(checkViewerRequest(screenRequest(headers), 'ri/ght', screenProtocol)).toBeUndefined()
})

test.each([
  ['another page', { origin: 'http://127.0.0.1:9000' }, 403],
  ['a page without an address', { origin: 'null' }, 403],
  ['a name that someone else may point at this computer', { host: 'evil.test', origin: 'http://evil.test' }, 403],
  ['no token', { 'sec-websocket-protocol': 'osrun.vnc' }, 401],
  ['a wrong token', { 'sec-websocket-protocol': 'osrun.vnc, osrun.token.d3Jvbmc' }, 401],
  ['a token that is not encoded', { 'sec-websocket-protocol': 'osrun.vnc, osrun.token.ri/ght' }, 401],
  ['a token of the other kind', { 'sec-websocket-protocol': 'osrun.vnc', authorization: 'Bearer ri/ght' }, 401],
  ['no subprotocol that a browser would accept', { 'sec-websocket-protocol': protocols.split(', ')[1] ?? '' }, 400],
])('%s may not see a screen', (_, headers: Record<string, string>, status) => {
  expect(checkViewerRequest(screenRequest({ origin: ownPage, ...headers }), 'ri/ght', screenProtocol)?.status).toBe(
    status,
  )
})

test('what the machine room is doing is told to who could see its screens', () => {
  const watching = (headers: Record<string, string>) =>
    checkViewerRequest(screenRequest({ origin: ownPage, ...headers }), 'ri/ght', watchProtocol)?.status
  expect(watching({ 'sec-websocket-protocol': protocols.replace('osrun.vnc', 'osrun.watch') })).toBeUndefined()
  expect(watching({})).toBe(400)
  expect(watching({ 'sec-websocket-protocol': 'osrun.watch' })).toBe(401)
  expect(watching({ origin: 'http://127.0.0.1:9000' })).toBe(403)
})

test.each([
  ['/v1/vnc/m7', 'm7'],
  ['/v1/vnc/m7/', undefined],
  ['/v1/vnc/../m7', undefined],
  ['/v1/vnc/', undefined],
  ['/v1', undefined],
])('%s is about the screen of %s', (url, id) => {
  expect(leaseOfScreen(request({}, url))).toBe(id)
})
