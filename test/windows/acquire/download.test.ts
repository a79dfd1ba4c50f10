import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect } from 'vitest'
import { type Download, type Downloading, download } from '../../../src/windows/acquire/download.ts'
import { readHosts } from '../../../src/windows/acquire/hosts.ts'
import { Web } from '../../../src/windows/acquire/web.ts'
import { sha1, sha256, wimOf } from './made-media.ts'
import { test as base, patience } from './with-web.ts'

const test = base.extend<{ cuts: undefined }>({
  cuts: [
    async ({ web, folder }, use) => {
      web.draft = join(folder, 'notes', 'windows.esd.part')
      await use(undefined)
    },
    { auto: true },
  ],
})

const content = wimOf({ size: 300_000 })
const host = 'files.example'
const path = '/windows.esd'

function wanted(folder: string, more: Partial<Download> = {}): Download {
  const url = `http://${host}${path}`
  return {
    url,
    what: 'Windows',
    folder: join(folder, 'here'),
    name: 'windows.esd',
    notes: join(folder, 'notes'),
    ...more,
  }
}

const promised = { bytes: content.length, digest: { algorithm: 'sha256', hex: sha256(content) } } as const

function ranges(asked: readonly { headers: Record<string, unknown> }[]) {
  return asked.map(({ headers }) => headers['range'])
}

/** The draft that an interrupted run leaves. */
async function leave(folder: string, bytes: Buffer, note: object | undefined): Promise<void> {
  await mkdir(join(folder, 'notes'), { recursive: true })
  await writeFile(join(folder, 'notes', 'windows.esd.part'), bytes)
  if (note !== undefined) {
    await writeFile(join(folder, 'notes', 'windows.esd.part.json'), JSON.stringify(note))
  }
}

test('a file comes whole into its place, with both digests, and leaves no draft', async ({ web, folder, asking }) => {
  web.offer(host, path, content)
  const made = await download(wanted(folder), asking)
  expect(made).toEqual({
    file: join(folder, 'here', 'windows.esd'),
    bytes: content.length,
    sha1: sha1(content),
    sha256: sha256(content),
  })
  expect(await readFile(made.file)).toEqual(content)
  expect(await readdir(join(folder, 'here'))).toEqual(['windows.esd'])
  expect((await readdir(join(folder, 'notes'))).toSorted()).toEqual(['windows.esd.json', 'windows.esd.lock'])
})

test('a file that is there is not asked for again', async ({ web, folder, asking }) => {
  web.offer(host, path, content)
  await download(wanted(folder, promised), asking)
  await download(wanted(folder, promised), asking)
  expect(web.asked).toHaveLength(1)
})

test('a file that was cut since, or is another than wanted now, is downloaded again', async ({
  web,
  folder,
  asking,
}) => {
  web.offer(host, path, content)
  const { file } = await download(wanted(folder, promised), asking)
  await writeFile(file, content.subarray(1))
  await download(wanted(folder, promised), asking)
  expect(await readFile(file)).toEqual(content)
  const other = wimOf({ size: 300_000, salt: 'other' })
  web.offer(host, path, other)
  await download(wanted(folder, { digest: { algorithm: 'sha1', hex: sha1(other) } }), asking)
  expect(await readFile(file)).toEqual(other)
})

describe('a connection that is cut', () => {
  test('is taken up where it was, with what tells that the file is the same', async ({ web, folder, asking }) => {
    web.offer(host, path, content, { etag: '"one"', faults: [{ cut: 100_000 }, { cut: 50_000 }] })
    const { file } = await download(wanted(folder), asking)
    expect(await readFile(file)).toEqual(content)
    expect(ranges(web.asked)).toEqual([undefined, 'bytes=100000-', 'bytes=150000-'])
    expect(web.asked[1]?.headers['if-range']).toBe('"one"')
  })

  test('begins anew where neither digest nor server would tell that the pieces fit', async ({
    web,
    folder,
    asking,
  }) => {
    web.offer(host, path, content, { etag: null, faults: [{ cut: 100_000 }] })
    const { file } = await download(wanted(folder), asking)
    expect(await readFile(file)).toEqual(content)
    expect(ranges(web.asked)).toEqual([undefined, undefined])
  })

  test('goes on without a validator where a digest will tell', async ({ web, folder, asking }) => {
    web.offer(host, path, content, { etag: null, faults: [{ cut: 100_000 }] })
    await download(wanted(folder, promised), asking)
    expect(ranges(web.asked)).toEqual([undefined, 'bytes=100000-'])
  })

  test('that is cut again and again ends with how often, and where', async ({ web, folder, asking, progress }) => {
    web.offer(host, path, content, { faults: Array.from({ length: 9 }, () => ({ cut: 100 })) })
    await expect(download(wanted(folder), asking)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message:
        'Windows could not be downloaded from http://files.example/windows.esd after 5 attempts: the connection was cut. ' +
        'What has arrived is kept, and the next run goes on from there.',
    })
    expect((await stat(join(folder, 'notes', 'windows.esd.part'))).size).toBe(500)
    const again = { phase: 'trying again to download Windows: the connection was cut' }
    expect(progress.filter(({ phase }) => phase === again.phase)).toEqual([again, again, again, again])
  })

  test('whose server ignores ranges begins anew', async ({ web, folder, asking }) => {
    web.offer(host, path, content, { whole: true, faults: [{ cut: 100_000 }] })
    const { file } = await download(wanted(folder, promised), asking)
    expect(await readFile(file)).toEqual(content)
  })

  test('without a size is only noticed by the promise', async ({ web, folder, asking }) => {
    web.offer(host, path, content.subarray(0, 1000), { chunked: true })
    await expect(download(wanted(folder, promised), asking)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringContaining('the connection ended after 1000 of 300000 bytes'),
    })
  })
})

describe('what an earlier run has left', () => {
  test('is gone on with', async ({ web, folder, asking }) => {
    web.offer(host, path, content, { etag: '"one"' })
    await leave(folder, content.subarray(0, 1234), { url: `http://${host}${path}`, validator: '"one"' })
    const { file } = await download(wanted(folder), asking)
    expect(await readFile(file)).toEqual(content)
    expect(ranges(web.asked)).toEqual(['bytes=1234-'])
  })

  test('is thrown away where the server has another file by now', async ({ web, folder, asking }) => {
    web.offer(host, path, content, { etag: '"two"' })
    await leave(folder, Buffer.alloc(1234), { url: `http://${host}${path}`, validator: '"one"' })
    const { file } = await download(wanted(folder), asking)
    expect(await readFile(file)).toEqual(content)
    expect(ranges(web.asked)).toEqual(['bytes=1234-'])
  })

  test.for([
    ['of another address', { url: 'http://files.example/other', validator: '"one"' }],
    ['with a note that makes no sense', { url: 1 }],
    ['without a note', undefined],
  ] as const)('%s is thrown away without a digest', async ([, note], { web, folder, asking }) => {
    web.offer(host, path, content, { etag: '"one"' })
    await leave(folder, Buffer.alloc(1234), note)
    const { file } = await download(wanted(folder), asking)
    expect(await readFile(file)).toEqual(content)
    expect(ranges(web.asked)).toEqual([undefined])
  })

  test('and does not fit is found out by the digest, and all is brought once more', async ({ web, folder, asking }) => {
    web.offer(host, path, content)
    await leave(folder, Buffer.alloc(1234), undefined)
    const { file } = await download(wanted(folder, promised), asking)
    expect(await readFile(file)).toEqual(content)
    expect(ranges(web.asked)).toEqual(['bytes=1234-', undefined])
  })

  test('and is longer than the file is thrown away', async ({ web, folder, asking }) => {
    web.offer(host, path, content)
    await leave(folder, Buffer.alloc(content.length + 1), { url: `http://${host}${path}`, validator: '"one"' })
    const { file } = await download(wanted(folder, promised), asking)
    expect(await readFile(file)).toEqual(content)
    expect(ranges(web.asked)).toEqual([undefined])
  })

  test('and is complete is only checked', async ({ web, folder, asking }) => {
    await leave(folder, content, undefined)
    await download(wanted(folder, promised), asking)
    expect(web.asked).toEqual([])
  })

  test('and has no further part is thrown away', async ({ web, folder, asking }) => {
    web.offer(host, path, content, { etag: '"one"' })
    await leave(folder, Buffer.alloc(content.length), { url: `http://${host}${path}`, validator: '"one"' })
    const { file } = await download(wanted(folder), asking)
    expect(await readFile(file)).toEqual(content)
    expect(ranges(web.asked)).toEqual(['bytes=300000-', undefined])
  })
})

describe('a server is not trusted', () => {
  test('a wrong digest is said with both, and nothing of it is kept', async ({ web, folder, asking }) => {
    web.offer(host, path, content)
    const digest = { algorithm: 'sha256', hex: 'a'.repeat(64) } as const
    await expect(download(wanted(folder, { digest }), asking)).rejects.toMatchObject({
      code: 'MEDIUM_DAMAGED',
      message: `Windows from http://files.example/windows.esd is not what it should be: its sha256 is ${sha256(content)}, expected ${digest.hex}. It was removed.`,
    })
    expect(web.asked).toHaveLength(1)
    expect(await readdir(join(folder, 'here'))).toEqual([])
    expect(await readdir(join(folder, 'notes'))).toEqual(['windows.esd.lock'])
  })

  test('another size than promised is refused before anything is downloaded', async ({ web, folder, asking }) => {
    web.offer(host, path, content)
    await expect(download(wanted(folder, { bytes: 7 }), asking)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringContaining('the server has a file of 300000 bytes, expected one of 7'),
    })
  })

  test('more bytes than promised are not taken', async ({ web, folder, asking }) => {
    web.offer(host, path, content, { chunked: true })
    await expect(download(wanted(folder, { bytes: 1000 }), asking)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringContaining('the server sends more than the 1000 bytes that it should'),
    })
    expect((await stat(join(folder, 'notes', 'windows.esd.part'))).size).toBeLessThanOrEqual(1000)
  })

  test('a size that no medium has is refused', async ({ web, folder, asking }) => {
    web.on(host, path, (_, response) => {
      response.writeHead(200, { 'content-length': 2 ** 50 }).write('x')
    })
    await expect(download(wanted(folder), asking)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringContaining('which no medium of Windows has'),
    })
  })

  test('a part that was not asked for is not taken for the one that was', async ({ web, folder, asking }) => {
    web.offer(host, path, content, { faults: [{ cut: 1000 }, { wrongPart: true }] })
    const { file } = await download(wanted(folder, promised), asking)
    expect(await readFile(file)).toEqual(content)
    expect(ranges(web.asked)).toEqual([undefined, 'bytes=1000-', undefined])
  })

  test('what is compressed on the way is refused', async ({ web, folder, asking }) => {
    web.offer(host, path, content, { faults: [{ encoding: 'gzip' }] })
    await expect(download(wanted(folder), asking)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringContaining('the server sends it as gzip, which was not asked for'),
    })
  })
})

describe('statuses', () => {
  test.for([404, 400, 451])('%i is final', async (status, { web, folder, asking }) => {
    web.offer(host, path, content, { faults: [{ status }] })
    await expect(download(wanted(folder), asking)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: `Windows could not be downloaded from http://files.example/windows.esd: the server answered with status ${status}.`,
    })
    expect(web.asked).toHaveLength(1)
  })

  test.for([429, 500, 503, 408])('%i may pass', async (status, { web, folder, asking }) => {
    web.offer(host, path, content, { faults: [{ status, headers: { 'retry-after': '0' } }, { status }] })
    await download(wanted(folder, promised), asking)
    expect(web.asked).toHaveLength(3)
  })

  test.for([401, 403, 410])(
    '%i asks for another link where there may be one',
    async (status, { web, folder, asking }) => {
      web.offer(host, path, content, { faults: [{ cut: 1000 }, { status }] })
      web.offer(host, '/again', content)
      const renewed: string[] = []
      const renew = async (url: string) => {
        renewed.push(url)
        return `http://${host}/again?sign=2`
      }
      const { file } = await download(wanted(folder, { ...promised, renew }), asking)
      expect(await readFile(file)).toEqual(content)
      expect(renewed).toEqual([`http://${host}${path}`])
      expect(ranges(web.askedFor(host, '/again'))).toEqual(['bytes=1000-'])
    },
  )

  test('a link that is refused for ever ends', async ({ web, folder, asking }) => {
    web.offer(host, path, content, { faults: Array.from({ length: 20 }, () => ({ status: 403 })) })
    const renew = async (url: string) => url
    await expect(download(wanted(folder, { renew }), asking)).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringContaining('status 403: the link has expired, or is refused here'),
    })
    expect(web.asked).toHaveLength(6)
  })
})

describe('a standstill', () => {
  const impatient = (web: { hosts(name: string): Record<string, string> }) =>
    new Web(readHosts(web.hosts(host)), {}, { ...patience, stall: 400 })

  test.for([
    ['no answer', undefined],
    ['no further byte', { stall: 1000 }],
    ['one byte now and then', { drip: 1000 }],
  ] as const)('of the kind "%s" is ended, and gone on from', async ([, fault], { web, folder, asking }) => {
    const patientWeb = impatient(web)
    web.offer(host, path, content, { faults: [fault] })
    if (fault === undefined) {
      let first = true
      web.on(host, path, (_, response) => {
        if (!first) {
          response.writeHead(200, { 'content-length': content.length }).end(content)
        }
        first = false
      })
    }
    const { file } = await download(wanted(folder, promised), { ...asking, web: patientWeb })
    expect(await readFile(file)).toEqual(content)
    expect(web.asked.length).toBeGreaterThan(1)
    await patientWeb.close()
  })

  test('that stays is told', async ({ web, folder, asking }) => {
    const patientWeb = impatient(web)
    web.on(host, path, (_, response) => {
      response.writeHead(200, { 'content-length': 1_000_000 }).write('x')
    })
    await expect(download(wanted(folder), { ...asking, web: patientWeb })).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message: expect.stringMatching(/after 5 attempts: (nothing more came|no more than \d+ bytes came within 0.4 s)/),
    })
    await patientWeb.close()
  })
})

test('a cancellation ends it, keeps what has come, and says so', async ({ web, folder, asking }) => {
  web.offer(host, path, content, { faults: [{ stall: 5000 }] })
  const controller = new AbortController()
  const downloading: Downloading = { ...asking, signal: controller.signal }
  const running = download(wanted(folder), downloading)
  const part = join(folder, 'notes', 'windows.esd.part')
  await expect
    .poll(() =>
      stat(part).then(
        ({ size }) => size,
        () => 0,
      ),
    )
    .toBe(5000)
  controller.abort()
  await expect(running).rejects.toMatchObject({ code: 'CANCELED' })
  await download(wanted(folder, promised), asking)
  expect(ranges(web.asked)).toEqual([undefined, 'bytes=5000-'])
})

test('two that want the same file download it once', async ({ web, folder, asking, progress }) => {
  web.offer(host, path, content)
  const both = await Promise.all([
    download(wanted(folder, promised), asking),
    download(wanted(folder, promised), asking),
  ])
  expect(both[0]).toEqual(both[1])
  expect(web.asked).toHaveLength(1)
  expect(progress).toContainEqual({ phase: 'waiting for another osrun that downloads Windows' })
})

test('a process that is killed leaves what the next goes on with, and no lock', async ({ web, folder, asking }) => {
  web.offer(host, path, content, { faults: [{ stall: 5000 }] })
  const program = join(import.meta.dirname, 'downloader.ts')
  const child = spawn(process.execPath, [program, JSON.stringify(wanted(folder)), JSON.stringify(web.hosts(host))])
  const part = join(folder, 'notes', 'windows.esd.part')
  await expect
    .poll(
      () =>
        stat(part).then(
          ({ size }) => size,
          () => 0,
        ),
      { timeout: 30_000 },
    )
    .toBe(5000)
  child.kill('SIGKILL')
  await once(child, 'close')
  const { file } = await download(wanted(folder), asking)
  expect(await readFile(file)).toEqual(content)
  expect(ranges(web.asked)).toEqual([undefined, 'bytes=5000-'])
})

test.skipIf(process.getuid?.() !== 0)(
  'a disk that is too small is said before the download',
  async ({ web, folder, asking }) => {
    const small = join(folder, 'small disk')
    await mkdir(small)
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'osrun-test', small])
    try {
      web.offer(host, path, content)
      await expect(download(wanted(small), asking)).rejects.toMatchObject({
        code: 'DISK_FULL',
        message: expect.stringMatching(/^Downloading Windows needs 293\.0 KiB in .*notes, and .+ are free there/),
      })
      web.offer(host, path, content, { chunked: true })
      await expect(download(wanted(small), asking)).rejects.toMatchObject({ code: 'DISK_FULL' })
    } finally {
      await execa('umount', [small])
    }
  },
)

test('how far it is is told, with the amount', async ({ web, folder, asking, progress }) => {
  web.offer(host, path, content)
  await download(wanted(folder, promised), asking)
  expect(progress[0]).toMatchObject({ phase: 'downloading Windows', percent: 0 })
  expect(progress[0]?.detail).toMatch(/^0 B of 293\.0 KiB/)
  expect(progress.at(-1)).toMatchObject({ phase: 'checking Windows' })
})
