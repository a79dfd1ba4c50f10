import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, expect } from 'vitest'
import { mirrored, readHosts, shown } from '../../../src/windows/acquire/hosts.ts'
import { reasonOf, secured, Web } from '../../../src/windows/acquire/web.ts'
import { patience, test } from './with-web.ts'

describe('hosts', () => {
  test('are read from the variable and the option, which wins', () => {
    const hosts = readHosts(
      { 'B.example': 'http://127.0.0.1:1' },
      ' a.example=https://mirror.example/a/?=x, b.example=http://127.0.0.1:2\n'.replace('?=x', ''),
    )
    expect([...hosts].map(([name, url]) => [name, url.href])).toEqual([
      ['a.example', 'https://mirror.example/a/'],
      ['b.example', 'http://127.0.0.1:1/'],
    ])
    expect(readHosts()).toEqual(new Map())
  })

  test.each([
    'a.example',
    'a.example=',
    'a.example=mirror',
    'a.example=file:///x',
    '=http://b',
    'a/b=http://c',
    'a=http://b?c',
  ])('that are %j are refused', (variable) => {
    expect(() => readHosts({}, variable)).toThrow(
      `Expected OSRUN_MEDIA_HOSTS to have pairs such as go.microsoft.com=https://mirror.example/microsoft, got`,
    )
  })

  test.each([
    ['https://a.example/x/y?z=1', 'https://mirror.example/base/x/y?z=1'],
    ['https://A.example/', 'https://mirror.example/base/'],
    ['https://b.example/x', 'https://b.example/x'],
  ])('take %s to %s', (url, target) => {
    expect(mirrored(new URL(url), readHosts({ 'a.example': 'https://mirror.example/base/' })).href).toBe(target)
  })

  test('are shown without what may be secret', () => {
    expect(shown('https://user:pass@a.example/x?sig=secret#y')).toBe('https://a.example/x')
  })
})

test('each hop of a redirect has its own mirror', async ({ web, asking }) => {
  web.redirect('files.example', '/short', 'https://other.example/long?x=1', 301)
  web.redirect('other.example', '/long', '../longer', 307)
  web.offer('other.example', '/longer', Buffer.from('found'))
  expect(await asking.web.text('https://files.example/short', 100)).toMatchObject({ statusCode: 200, text: 'found' })
  expect(web.asked.map(({ host, path }) => `${host}${path}`)).toEqual([
    'files.example/short',
    'other.example/long?x=1',
    'other.example/longer',
  ])
})

test('redirects without end are ended', async ({ web, asking }) => {
  web.on('files.example', '/round', ({ query }, response) => {
    response.writeHead(302, { location: `/round?n=${Number(query.get('n')) + 1}` }).end()
  })
  const failure = await asking.web.text('https://files.example/round', 100).catch((error: unknown) => error)
  expect(reasonOf(failure)).toBe('it redirected more than 10 times')
  expect(web.asked).toHaveLength(11)
  web.redirect('files.example', '/self', 'https://files.example/self')
  const itself = await asking.web.text('https://files.example/self', 100).catch((error: unknown) => error)
  expect(reasonOf(itself)).toBe('it redirects to itself')
})

test('what nothing else vouches for may not come over http, not by a redirect either', async ({ web, asking }) => {
  web.redirect('files.example', '/short', `${web.origin}/files.example/plain`)
  web.offer('files.example', '/plain', Buffer.from('found'))
  const words = 'is not https, and nothing else vouches for what it answers'
  await expect(asking.web.text('http://127.0.0.1:1/x', 100, { trusted: true })).rejects.toThrow(words)
  await expect(asking.web.text('https://files.example/short', 100, { trusted: true })).rejects.toThrow(words)
  expect(web.asked).toHaveLength(1)
  expect(await asking.web.text('https://files.example/short', 100)).toMatchObject({ text: 'found' })
})

test.for([
  ['http://a.example/x?y=http:', 'https://a.example/x?y=http:'],
  ['https://a.example:8443/', 'https://a.example:8443/'],
  ['http://a.example:80/', 'https://a.example/'],
  ['http://a.example:8080/', undefined],
  ['ftp://a.example/', undefined],
] as const)('%s is made secure as %s', ([url, secure]) => {
  expect(secured(new URL(url))?.href).toBe(secure)
})

test('a text that is too long is not read to its end', async ({ web, asking }) => {
  web.offer('files.example', '/long', Buffer.alloc(1000))
  await expect(asking.web.text('https://files.example/long', 999)).rejects.toMatchObject({
    code: 'DOWNLOAD_FAILED',
    message: 'https://files.example/long answered with more than 999 bytes.',
  })
})

/** A proxy that notes what goes through it, asked by CONNECT or by a whole address. */
async function startProxy() {
  const passed: string[] = []
  const server = createServer((asked, response) => {
    passed.push(`${asked.method} ${asked.url}`)
    const onward = request(asked.url ?? '', { method: asked.method, headers: asked.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    asked.pipe(onward)
  })
  server.on('connect', (asked, socket) => {
    passed.push(`${asked.method} ${asked.url}`)
    const [host, port] = (asked.url ?? '').split(':')
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.pipe(socket)
      socket.pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    socket.on('error', () => onward.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    server.closeAllConnections()
    server.close()
  }
  return { passed, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, [Symbol.asyncDispose]: close }
}

test.for([
  ['HTTP_PROXY', {}, 1],
  ['http_proxy', {}, 1],
  ['HTTP_PROXY', { NO_PROXY: 'localhost,127.0.0.1' }, 0],
  ['HTTP_PROXY', { no_proxy: '*' }, 0],
  ['HTTPS_PROXY', {}, 0],
] as const)('%s with %j is asked %i times', async ([name, others, times], { web }) => {
  await using proxy = await startProxy()
  web.offer('files.example', '/file', Buffer.from('found'))
  const asking = new Web(readHosts(web.hosts('files.example')), { [name]: proxy.url, ...others }, patience)
  expect(await asking.text('http://files.example/file', 100)).toMatchObject({ text: 'found' })
  expect(proxy.passed).toHaveLength(times)
  await asking.close()
})

test('a proxy that is not there is said to be the reason', async ({ web }) => {
  const asking = new Web(readHosts(web.hosts('files.example')), { HTTP_PROXY: 'http://127.0.0.1:1' }, patience)
  await expect(asking.text('http://files.example/file', 100)).rejects.toThrow()
  expect(web.asked).toEqual([])
  await asking.close()
})
