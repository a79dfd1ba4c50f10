import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerViewer, viewerFiles } from '../../src/server/viewer-files.ts'

const server = createServer()

beforeAll(async () => {
  const files = await viewerFiles()
  // As the machine room does it: who asks may go before all of the answer is written.
  server.on('request', (asked, response) => {
    answerViewer(files, asked, response)
      .then((answered) => answered || response.writeHead(404).end())
      .catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterAll(() => {
  server.close()
})

/** The path goes as it is written: `fetch` would resolve its dots. */
async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { port } = server.address() as AddressInfo
  const asked = request({ host: '127.0.0.1', port, path, headers, method, agent: false }).end()
  const [response] = await once(asked, 'response')
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

test.each([
  ['/', 'text/html; charset=utf-8', '<script type="module" src="/viewer/overview.js">'],
  ['/machines/m7', 'text/html; charset=utf-8', '<script type="module" src="/viewer/machine.js">'],
  ['/machines/m7?any=thing', 'text/html; charset=utf-8', '<title>osrun</title>'],
  ['/viewer/screen.js', 'text/javascript; charset=utf-8', "from './novnc/core/rfb.js'"],
  ['/viewer/icon.svg', 'image/svg+xml', '<svg'],
  ['/viewer/viewer.css', 'text/css; charset=utf-8', '#screen'],
  ['/viewer/novnc/core/rfb.js', 'text/javascript; charset=utf-8', 'export default class RFB'],
  ['/viewer/novnc/vendor/pako/lib/zlib/inflate.js', 'text/javascript; charset=utf-8', 'inflate'],
])('%s is served', async (path, type, part) => {
  const { status, headers, body } = await get(path)
  expect(status).toBe(200)
  expect(headers['content-type']).toBe(type)
  expect(body).toContain(part)
})

test.each(['/', '/machines/m7'])('no other page may frame %s or lend it scripts', async (path) => {
  const { headers } = await get(path)
  const policy = headers['content-security-policy']
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toContain('unsafe')
  expect(headers['x-content-type-options']).toBe('nosniff')
  expect(headers['referrer-policy']).toBe('no-referrer')
})

test.each([
  ['/viewer/novnc/../../package.json'],
  ['/viewer/novnc/%2e%2e/package.json'],
  ['/viewer/novnc/package.json'],
  ['/viewer/../serve.ts'],
  ['/viewer//etc/passwd'],
  ['/machines/../viewer/overview.js'],
  ['//'],
  ['/machines/provisioned'],
  ['/machines/'],
  ['/viewer/'],
])('%s is not served', async (path) => {
  expect((await get(path)).status).toBe(404)
})

test('a page is not served under a name that someone else may point at this computer', async () => {
  expect((await get('/machines/m7', { host: 'evil.test' })).status).toBe(403)
})

test('a page can only be read', async () => {
  expect((await get('/machines/m7', {}, 'POST')).status).toBe(404)
})
