import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { checkRequest } from '../../src/server/door.ts'

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
