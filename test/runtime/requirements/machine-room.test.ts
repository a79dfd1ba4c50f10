import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { examineRoom } from '../../../src/runtime/requirements/machine-room.ts'

test.each([
  [200, ['remote'], 'ok'],
  [503, [], 'missing'],
  [302, [], 'missing'],
])('a machine room whose health is %i makes %j usable', async (status, usable, mark) => {
  await using room = await listen(status)
  const diagnosis = await examineRoom(`ws://127.0.0.1:${room.port}`)
  expect(diagnosis.usable).toEqual(usable)
  expect(diagnosis.findings.map((finding) => finding.mark)).toEqual([mark])
})

test('a machine room that is not there is told with the reason', async () => {
  const room = await listen(200)
  await room[Symbol.asyncDispose]()
  const { usable, findings } = await examineRoom(`ws://127.0.0.1:${room.port}`)
  expect(usable).toEqual([])
  expect(findings[0]?.detail).toContain('ECONNREFUSED')
})

async function listen(status: number) {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/healthz' ? status : 404
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' ? address?.port : undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
