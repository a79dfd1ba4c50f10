import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { withMachine } from './with-machine.ts'
import { program } from './with-program.ts'

const given = withMachine('test/machine/processes.test.ts')

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Programs of ours that run in the guest. */
async function running(): Promise<number> {
  const { stdout } = await given.win.run('tasklist')
  return stdout.match(/program\.exe/g)?.length ?? 0
}

/** Peak memory of a process in MiB, as the kernel has it. */
async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}

/** The machine room on this host: undefined where it runs in a container. */
async function machineRoom(): Promise<number | undefined> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
    const parent = /PPid:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1]
    if (words.includes('serve') && parent === String(process.pid)) {
      return Number(pid)
    }
  }
  return undefined
}

describe('64 MiB of random bytes', () => {
  const bytes = randomBytes(64 * 2 ** 20)
  const file = 'C:\\osrun-test\\random.bin'

  test('come out by stdout as they are, and nobody holds them all', async () => {
    const { win } = given
    await win.writeFile(file, bytes)
    const room = await machineRoom()
    const before = room && (await peakMemory(room))
    const process = win.spawn([program, 'out', file], { buffer: false })
    const hash = createHash('sha256')
    let length = 0
    for await (const piece of process.stdout) {
      hash.update(piece)
      length += piece.length
    }
    expect({ length, digest: hash.digest('hex') }).toEqual({ length: bytes.length, digest: digest(bytes) })
    await process
    if (room !== undefined && before !== undefined) {
      expect((await peakMemory(room)) - before).toBeLessThan(32)
    }
  })

  test('go in by stdin as they are', async () => {
    const { win } = given
    await win.run([program, 'in', 'C:\\osrun-test\\in.bin'], { input: bytes })
    expect(digest(await win.readFile('C:\\osrun-test\\in.bin'))).toBe(digest(bytes))
  })

  test('go both ways at once, beside a command that answers', async () => {
    const { win } = given
    const echo = win.run([program, 'echo'], { input: bytes, encoding: 'buffer' })
    const others: string[] = []
    for (let index = 0; index < 3; index += 1) {
      others.push((await win.run(`echo ${index}`)).stdout)
    }
    expect(others).toEqual(['0', '1', '2'])
    expect(digest((await echo).stdout)).toBe(digest(bytes))
  })

  test('that nobody reads wait in the guest, and block no other command', async () => {
    const { win } = given
    const flood = win.spawn([program, 'out', file], { buffer: false })
    await flood.pid
    await delay(1000)
    expect((await win.run('echo beside')).stdout).toBe('beside')
    expect(flood.stdout.readableLength).toBeLessThan(2 ** 20)
    await flood.kill()
  })
})

describe('a command that is ended', () => {
  test('takes its tree of three along, and keeps what was said', async () => {
    const { win } = given
    const failure = win.run([program, 'tree', '3'], { timeout: 8000 })
    await expect(failure).rejects.toMatchObject({ timedOut: true, isTerminated: true, exitCode: undefined })
    const { stdout } = await failure.catch((error) => error)
    expect(stdout.split('\n').sort()).toEqual(['1', '2', '3'])
    expect(await running()).toBe(0)
  })

  test('by kill is gone when that resolves', async () => {
    const process = given.win.spawn([program, 'tree', '2'], { reject: false })
    await process.pid
    await expect.poll(running, { timeout: 30_000 }).toBe(2)
    await process.kill()
    expect(await running()).toBe(0)
    expect(await process).toMatchObject({ isTerminated: true })
  })

  // The moment at which a shell has made its child, and the child has not begun to run, is somewhere among these.
  test('while its shell starts a child takes that along', async () => {
    for (let milliseconds = 0; milliseconds < 500; milliseconds += 20) {
      const process = given.win.spawn(`${program} tree 1`, { reject: false })
      await process.pid
      await delay(milliseconds)
      await process.kill()
      expect(await running(), `killed after ${milliseconds} ms`).toBe(0)
    }
  })

  test('by a signal says so', async () => {
    const ending = new AbortController()
    const lost = given.win.run([program, 'tree', '1'], { signal: ending.signal })
    setTimeout(() => ending.abort(new Error('enough')), 2000)
    await expect(lost).rejects.toMatchObject({
      isCanceled: true,
      cause: expect.objectContaining({ message: 'enough' }),
    })
    expect(await running()).toBe(0)
  })
})

test('a command that leaves a process behind ends all the same', async () => {
  const { win } = given
  expect((await win.run([program, 'leave'])).exitCode).toBe(0)
  await win.run('taskkill /f /im program.exe')
})

test('a crash arrives as the exit code that Windows has for it', async () => {
  expect((await given.win.run('exit -1073741819', { reject: false })).exitCode).toBe(3_221_225_477)
})

test('20 commands at once all come back right', async () => {
  const { win } = given
  const numbers = Array.from({ length: 20 }, (_, index) => index)
  const results = await Promise.all(
    numbers.map((number) => win.run(`echo out ${number}& echo err ${number} 1>&2& exit ${number}`, { reject: false })),
  )
  expect(results.map(({ stdout, stderr, exitCode }) => ({ stdout, stderr, exitCode }))).toEqual(
    numbers.map((number) => ({ stdout: `out ${number}`, stderr: `err ${number} `, exitCode: number })),
  )
})

test('what is written to stdin while a process runs is heard at once', async () => {
  const process = given.win.spawn([program, 'echo'])
  const heard = process.stdout[Symbol.asyncIterator]()
  for (const text of ['first', 'Второе', '三']) {
    process.stdin.write(text)
    expect(String((await heard.next()).value)).toBe(text)
  }
  process.stdin.end()
  expect(await process).toMatchObject({ exitCode: 0, stdout: 'firstВторое三' })
})
