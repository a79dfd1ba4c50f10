import { describe, expect, test as plain } from 'vitest'
import { acquire } from '../../../src/windows/acquire/acquire.ts'
import { checkPinned, describePinned } from '../../../src/windows/acquire/check-pinned.ts'
import { readHosts } from '../../../src/windows/acquire/hosts.ts'
import { choosePinned, fromPinned, type PinnedIso, readPinned } from '../../../src/windows/acquire/pinned.ts'
import { Web } from '../../../src/windows/acquire/web.ts'
import { sha256 } from './made-media.ts'
import { iso, mediaHosts, optionsFor, professional } from './media-world.ts'
import { pace, patience, test } from './with-web.ts'

const host = 'software-static.download.prss.microsoft.com'
const pinned: PinnedIso = {
  product: 'server2022',
  title: 'Windows Server 2022, evaluation',
  editions: ['ServerStandardEval', 'ServerDatacenterEval'],
  language: 'en-us',
  architecture: 'x64',
  url: `https://${host}/server.iso`,
  bytes: iso.length,
  sha256: sha256(iso),
}
const standard = { ...professional, product: 'server2022', edition: 'ServerStandard' } as const

plain('the list that osrun comes with is valid, and names each file once', async () => {
  const list = await readPinned()
  expect(new Set(list.map(({ sha256 }) => sha256)).size).toBe(list.length)
  expect(new Set(list.map(({ url }) => url)).size).toBe(list.length)
  expect(new Set(list.map(({ product }) => product))).toContain('server2025')
})

plain('an evaluation is taken for its edition, and the edition itself before it', () => {
  const full = { ...pinned, editions: ['ServerStandard'], title: 'full' }
  expect(choosePinned([pinned], standard)).toBe(pinned)
  expect(choosePinned([pinned, full], standard)).toBe(full)
  expect(choosePinned([full, pinned], { ...standard, edition: 'ServerStandardEval' })).toBe(pinned)
  expect(() => choosePinned([pinned], { ...standard, language: 'de-de' })).toThrow(
    "osrun's list of ISOs has none for it; of server2022 it has ServerStandardEval/ServerDatacenterEval en-us x64",
  )
  expect(() => choosePinned([pinned], professional)).toThrow('of win11 it has nothing')
})

describe('an ISO of the list', () => {
  const sourcing = (web: Web, folder: string) => ({ web, folder, pace, onProgress: () => undefined })

  test('comes with its digest checked', async ({ web, folder }) => {
    web.offer(host, '/server.iso', iso)
    const asking = new Web(readHosts(web.hosts(...mediaHosts)), {}, patience)
    const medium = await fromPinned(standard, sourcing(asking, folder), async () => [pinned])
    expect(medium).toMatchObject({
      kind: 'iso',
      provenance: { source: 'pinned', from: pinned.url, sha256: sha256(iso) },
    })
    await asking.close()
  })

  test('that has gone, or has another size, leads on to the next source', async ({ web, folder }) => {
    web.offer(host, '/sg/download/888969d5-f34g-4e03-ac9d-1f9786c66749/SERVER_EVAL_x64FRE_en-us.iso', iso)
    await expect(acquire(standard, optionsFor(web, folder, { sources: ['pinned'] }))).rejects.toMatchObject({
      code: 'MEDIUM_UNAVAILABLE',
      message: expect.stringMatching(/ {2}pinned: .*the server has a file of 122880 bytes, expected one of 5044094976/),
    })
  })
})

test('the check of the list says a line for each ISO, and downloads nothing', async ({ web }) => {
  const at = (name: string): PinnedIso => ({ ...pinned, title: name, url: `https://${host}/${name}` })
  web.offer(host, '/fine', iso)
  web.offer(host, '/no-head', iso)
  web.on(host, '/no-head', ({ method }, response) => {
    response
      .writeHead(method === 'HEAD' ? 405 : 206, { 'content-range': `bytes 0-0/${iso.length}` })
      .end(method === 'HEAD' ? '' : 'x')
  })
  web.redirect(host, '/moved', `https://${host}/fine`)
  web.offer(host, '/larger', Buffer.concat([iso, iso]))
  web.on(host, '/forbidden', (_, response) => {
    response.writeHead(403).end()
  })
  web.on(host, '/cut', (_, response) => {
    response.destroy()
  })
  const names = ['fine', 'no-head', 'moved', 'gone', 'larger', 'forbidden', 'cut']
  const states = await checkPinned({ list: names.map(at), hosts: web.hosts(host), environment: {} })
  expect(states.map((state) => describePinned(state).replace(/ {2}https.*/, ''))).toEqual([
    'ok       fine: 120.0 KiB',
    'ok       no-head: 120.0 KiB',
    'ok       moved: 120.0 KiB',
    'gone     gone: status 404',
    `changed  larger: ${2 * iso.length} bytes, expected ${iso.length}`,
    'unknown  forbidden: status 403',
    'unknown  cut: the connection was cut',
  ])
})
