import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { acquireWin } from '../../src/client/lease.ts'
import type { Win } from '../../src/client/win.ts'
import { decodeJson, encodeFrame, encodeJsonFrame, encodeWindow, frameType } from '../../src/protocol/frames.ts'
import { type OtherFrames, request, startPeer } from './peer.ts'

const open: AsyncDisposable[] = []
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun files '))
})

afterEach(async () => {
  for (const each of open.splice(0).reverse()) {
    await each[Symbol.asyncDispose]()
  }
  await rm(folder, { recursive: true, force: true })
})

/** What an agent answers to one FILE request. */
interface Exchange {
  readonly request: Record<string, unknown>
  data(bytes: string | Uint8Array): void
  done(answer: object): void
  error(code: string, win32: number): void
}

/** A guest whose files are `answer`s, and what was written into it. */
async function start(answer: (exchange: Exchange) => void): Promise<{ win: Win; written: Map<string, Buffer> }> {
  const written = new Map<string, Buffer>()
  const pieces = new Map<number, { path: string; bytes: Buffer[]; request: Record<string, unknown> }>()
  const frames: OtherFrames = ({ type, stream, payload }, send) => {
    const done = (value: object) => send(encodeJsonFrame(frameType.done, stream, value))
    if (type === frameType.file) {
      const asked = decodeJson(payload)
      if (asked.op === 'write') {
        pieces.set(stream, { path: String(asked.path), bytes: [], request: asked })
      }
      answer({
        request: asked,
        data: (bytes) => send(encodeFrame(frameType.dataOut, stream, Buffer.from(bytes))),
        done: (value) => {
          send(encodeFrame(frameType.eofOut, stream))
          done(value)
        },
        error: (code, win32) =>
          send(encodeJsonFrame(frameType.error, stream, { code, win32, message: 'the reason of Windows' })),
      })
    } else if (type === frameType.dataIn) {
      pieces.get(stream)?.bytes.push(Buffer.from(payload))
      send(encodeWindow(stream, 0, payload.length))
    } else if (type === frameType.commit) {
      const { path, bytes } = pieces.get(stream) ?? { path: '', bytes: [] }
      written.set(path, Buffer.concat(bytes))
      done(decodeJson(payload))
    }
  }
  const peer = await startPeer({}, undefined, frames)
  const win = await acquireWin(peer, request)
  open.push(peer, win)
  return { win, written }
}

function digest(bytes: Uint8Array | string): string {
  return crc32(bytes).toString(16).padStart(8, '0')
}

const ok = (exchange: Exchange) => exchange.done({})

describe('reading', () => {
  const reads = (content: string, told = { size: Buffer.byteLength(content), digest: digest(content) }) =>
    start(({ data, done }) => {
      for (const byte of Buffer.from(content)) {
        data(Uint8Array.of(byte))
      }
      done({ ...told, modified: 0 })
    })

  test('gives bytes, or text', async () => {
    const { win } = await reads('Ж漢😀\r\n')
    expect(await win.readFile('C:\\a')).toEqual(new Uint8Array(Buffer.from('Ж漢😀\r\n')))
    expect(await win.readFile('C:\\a', 'utf8')).toBe('Ж漢😀\r\n')
  })

  test('gives an empty file', async () => {
    const { win } = await reads('')
    expect(await win.readFile('C:\\a', 'utf8')).toBe('')
  })

  test.for([
    { size: 3, digest: digest('abcd') },
    { size: 4, digest: digest('abce') },
  ])('tells a file that changed on its way: %j', async (told) => {
    const { win } = await reads('abcd', told)
    await expect(win.readFile('C:\\a')).rejects.toMatchObject({ code: 'FILE_DAMAGED' })
  })
})

describe('what the guest refuses', () => {
  test.for<[string, number, string]>([
    ['FILE_FAILED', 2, 'FILE_NOT_FOUND'],
    ['FILE_FAILED', 3, 'FILE_NOT_FOUND'],
    ['FILE_FAILED', 5, 'FILE_FAILED'],
    ['FILE_FAILED', 32, 'FILE_FAILED'],
    ['FILE_DAMAGED', 0, 'FILE_DAMAGED'],
    ['LIMIT', 0, 'FILE_FAILED'],
    ['NONSENSE', 0, 'AGENT_PROTOCOL'],
  ])('%s with Windows error %i is %s, with the path', async ([code, win32, expected]) => {
    const { win } = await start(({ error }) => error(code, win32))
    const failures = [
      win.readFile('C:\\dir\\a.txt'),
      win.stat('C:\\dir\\a.txt'),
      win.readdir('C:\\dir\\a.txt'),
      win.mkdir('C:\\dir\\a.txt'),
      win.remove('C:\\dir\\a.txt'),
    ]
    for (const failure of failures) {
      await expect(failure).rejects.toMatchObject({
        code: expected,
        message: expect.stringMatching(/C:\\dir\\a\.txt.*the reason of Windows/),
      })
    }
  })

  test('to write is told although not all was sent', async () => {
    const { win } = await start(({ error }) => error('FILE_FAILED', 5))
    await expect(win.writeFile('C:\\a', new Uint8Array(2 ** 20))).rejects.toMatchObject({ code: 'FILE_FAILED' })
  })

  test('has its stack where the test called', async () => {
    const { win } = await start(({ error }) => error('FILE_FAILED', 2))
    const failure = await win.readFile('C:\\a').catch((error: Error) => error.stack)
    expect(String(failure).split('\n')[1]).toContain('files.test.ts')
  })
})

test('whether something exists is no error', async () => {
  const { win } = await start(({ request: { path }, done, error }) => {
    if (path === 'C:\\there') {
      done({ type: 'folder', size: 0, modified: 0, created: 0, readonly: false })
    } else {
      error('FILE_FAILED', path === 'C:\\locked' ? 5 : 3)
    }
  })
  expect([await win.exists('C:\\there'), await win.exists('C:\\not there')]).toEqual([true, false])
  await expect(win.exists('C:\\locked')).rejects.toMatchObject({ code: 'FILE_FAILED' })
})

test('a folder is listed by name, also where its entries come in pieces', async () => {
  const entries = ['b', 'Ж', 'a'].map((name) => ({ name, type: 'file', size: 1, modified: 1000 }))
  const lines = Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  const { win } = await start(({ data, done }) => {
    for (const byte of lines) {
      data(Uint8Array.of(byte))
    }
    done({ entries: 3 })
  })
  const listed = await win.readdir('C:\\')
  expect(listed.map(({ name }) => name)).toEqual(['a', 'b', 'Ж'])
  expect(listed[0]?.modified).toEqual(new Date(1000))
})

test.for(['', 'a\0b', undefined])('a path that is none is refused: %j', async (path) => {
  const { win } = await start(() => expect.fail('nothing is asked'))
  await expect(win.readFile(path as string)).rejects.toMatchObject({ code: 'BAD_OPTION' })
  await expect(win.writeFile(path as string, '')).rejects.toMatchObject({ code: 'BAD_OPTION' })
})

test('data that is neither text nor bytes is refused', async () => {
  const { win } = await start(() => expect.fail('nothing is asked'))
  await expect(win.writeFile('C:\\a', 7 as never)).rejects.toMatchObject({ code: 'BAD_OPTION' })
})

describe('upload', () => {
  test('takes a folder with all in it, and the time of the last change', async () => {
    const requests: Record<string, unknown>[] = []
    const { win, written } = await start((exchange) => {
      requests.push(exchange.request)
      if (exchange.request.op === 'make') {
        exchange.done({})
      }
    })
    await mkdir(join(folder, 'sub dir/empty'), { recursive: true })
    await writeFile(join(folder, 'a.txt'), 'first')
    await writeFile(join(folder, 'sub dir/Ж.bin'), new Uint8Array(300_000).fill(7))
    await symlink('a.txt', join(folder, 'link.txt'))
    await utimes(join(folder, 'a.txt'), 1000, 2000)
    await win.upload(folder, 'C:\\work')
    expect([...written].map(([path, bytes]) => [path, bytes.length]).sort()).toEqual([
      ['C:\\work\\a.txt', 5],
      ['C:\\work\\link.txt', 5],
      ['C:\\work\\sub dir\\Ж.bin', 300_000],
    ])
    expect(requests.filter(({ op }) => op === 'make').map(({ path }) => path)).toEqual([
      'C:\\work',
      'C:\\work\\sub dir\\empty',
    ])
    expect(requests.find(({ path }) => path === 'C:\\work\\a.txt')).toMatchObject({ modified: 2_000_000 })
  })

  test('puts a file into a folder that is named as one', async () => {
    const { win, written } = await start(() => {})
    await writeFile(join(folder, 'a.txt'), 'x')
    await win.upload(join(folder, 'a.txt'), 'C:\\work\\')
    await win.upload(join(folder, 'a.txt'), 'C:\\work\\b.txt')
    expect([...written.keys()]).toEqual(['C:\\work\\a.txt', 'C:\\work\\b.txt'])
  })

  test('names what cannot be read here', async () => {
    const { win } = await start(() => expect.fail('nothing is asked'))
    await expect(win.upload(join(folder, 'missing'), 'C:\\x')).rejects.toMatchObject({
      code: 'HOST_FILE_FAILED',
      message: expect.stringContaining(join(folder, 'missing')),
    })
  })

  test('refuses names that Windows cannot have before anything travels', async () => {
    const { win } = await start(() => expect.fail('nothing is asked'))
    await writeFile(join(folder, 'what?'), '')
    await expect(win.upload(folder, 'C:\\x')).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringContaining('what?'),
    })
  })

  test('finds a link that leads back into itself', async () => {
    const { win } = await start(ok)
    await symlink(folder, join(folder, 'again'))
    await expect(win.upload(folder, 'C:\\x')).rejects.toMatchObject({ code: 'HOST_FILE_FAILED' })
  })

  test.skipIf(process.getuid?.() === 0)('tells a file that may not be read (not as root)', async () => {
    const { win } = await start(() => {})
    await writeFile(join(folder, 'secret'), 'x')
    await chmod(join(folder, 'secret'), 0)
    await expect(win.upload(join(folder, 'secret'), 'C:\\x')).rejects.toMatchObject({ code: 'HOST_FILE_FAILED' })
  })
})

describe('download', () => {
  const files = new Map([
    ['a.txt', 'first'],
    ['sub\\b.txt', 'second'],
  ])

  function guest(names: readonly string[] = ['sub', ...files.keys()]) {
    return start(({ request: { op, path }, data, done, error }) => {
      const name = String(path).replace('C:\\work\\', '')
      const content = files.get(name)
      if (op === 'stat') {
        done({ type: content === undefined ? 'folder' : 'file', size: 0, modified: 0, created: 0, readonly: false })
      } else if (op === 'list') {
        for (const each of names) {
          const type = each === 'sub' ? 'folder' : 'file'
          data(`${JSON.stringify({ name: each, type, size: 0, modified: 0 })}\n`)
        }
        done({ entries: names.length })
      } else if (content === undefined) {
        error('FILE_FAILED', 2)
      } else {
        data(content)
        done({ size: content.length, digest: digest(content), modified: 5_000_000 })
      }
    })
  }

  test('takes a folder with all in it, and the time of the last change', async () => {
    const { win } = await guest()
    const to = join(folder, 'new folder')
    await win.download('C:\\work', to)
    expect(await readFile(join(to, 'a.txt'), 'utf8')).toBe('first')
    expect(await readFile(join(to, 'sub/b.txt'), 'utf8')).toBe('second')
    expect((await stat(join(to, 'a.txt'))).mtimeMs).toBe(5_000_000)
    expect(await readdir(to)).toEqual(['a.txt', 'sub'])
  })

  test('takes one file, under its own name into a folder that is named as one', async () => {
    const { win } = await guest()
    await win.download('C:\\work\\a.txt', `${folder}/`)
    await win.download('C:\\work\\a.txt', join(folder, 'b/c.txt'))
    expect(await readFile(join(folder, 'a.txt'), 'utf8')).toBe('first')
    expect(await readFile(join(folder, 'b/c.txt'), 'utf8')).toBe('first')
  })

  test.for(['..\\evil.txt', 'a\\..\\..\\evil.txt', 'C:\\x/../../evil', '\\evil.txt'])(
    'lets no name lead out of its folder: %j',
    async (name) => {
      const { win } = await guest([name])
      const to = join(folder, 'inner')
      await expect(win.download('C:\\work', to)).rejects.toMatchObject({ code: 'AGENT_PROTOCOL' })
      expect(await readdir(folder)).not.toContain('evil.txt')
    },
  )

  test('leaves a file alone that could not be replaced whole', async () => {
    const { win } = await start(({ data, done, request: { op } }) => {
      if (op === 'stat') {
        done({ type: 'file', size: 1, modified: 0, created: 0, readonly: false })
      } else {
        data('half')
        done({ size: 8, digest: '00000000', modified: 0 })
      }
    })
    const path = join(folder, 'kept.txt')
    await writeFile(path, 'before')
    await expect(win.download('C:\\a', path)).rejects.toMatchObject({ code: 'FILE_DAMAGED' })
    expect(await readFile(path, 'utf8')).toBe('before')
    expect(await readdir(folder)).toEqual(['kept.txt'])
  })

  test('names what cannot be written here', async () => {
    const { win } = await guest()
    await writeFile(join(folder, 'file'), '')
    await expect(win.download('C:\\work\\a.txt', join(folder, 'file/below.txt'))).rejects.toMatchObject({
      code: 'HOST_FILE_FAILED',
    })
  })
})
