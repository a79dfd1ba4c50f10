import { createHash, randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import type { Win } from '../../src/client/index.ts'
import { withMachine } from './with-machine.ts'
import { program, putProgram } from './with-program.ts'

const given = withMachine('generations')
const holder = 7171
const disk = 'C:\\generations'

/** The digest of what a program in the guest keeps in memory, after it has changed much of it where there is a seed. */
async function memory(win: Win, seed = 0): Promise<string> {
  const { host, port } = await win.port(holder)
  const socket = connect({ host, port, allowHalfOpen: true })
  await once(socket, 'connect')
  const question = Buffer.alloc(4)
  question.writeUInt32LE(seed)
  socket.write(question)
  const answer = await text(socket)
  socket.destroy()
  expect(answer).toMatch(/^[0-9a-f]{16}$/)
  return answer
}

/** The digest of every file in the folder that the generations write to. */
async function files(win: Win): Promise<Record<string, string>> {
  const names = (await win.readdir(disk)).map(({ name }) => name).sort()
  const digests: Record<string, string> = {}
  for (const name of names) {
    digests[name] = createHash('sha256')
      .update(await win.readFile(`${disk}\\${name}`))
      .digest('hex')
  }
  return digests
}

async function look(win: Win) {
  return { memory: await memory(win), files: await files(win) }
}

// Ten snapshots and fifteen restores under software emulation.
const manyMachines = 600_000

test('ten generations of snapshots each hold the memory and the disk of their own moment', {
  timeout: manyMachines,
}, async () => {
  const { win } = given
  await win.mkdir(disk)
  await win.run(`start "" ${program} hold ${holder} 16`)
  await expect.poll(() => memory(win).catch(() => 'not yet'), { timeout: 60_000 }).not.toBe('not yet')
  const generations: Awaited<ReturnType<typeof look>>[] = []
  for (let generation = 0; generation < 10; generation += 1) {
    await memory(win, randomInt(1, 2 ** 32))
    await win.writeFile(`${disk}\\own-${generation}.bin`, randomBytes(randomInt(1, 400_000)))
    await win.writeFile(`${disk}\\common.bin`, randomBytes(300_000))
    await win.remove(`${disk}\\own-${generation - 3}.bin`).catch(() => {})
    generations.push(await look(win))
    await win.snapshot(`test-generation-${generation}`, { replace: true })
    // By turns the machine goes on, and the next generation is one of a machine restored from this one.
    if (generation % 2 === 1) {
      await win.restore(`test-generation-${generation}`)
    }
    expect(await look(win)).toEqual(generations[generation])
  }
  expect(new Set(generations.map((each) => each.memory)).size).toBe(10)
  for (const generation of [9, 0, 4, 7, 2, 8, 1, 6, 3, 5]) {
    await win.restore(`test-generation-${generation}`)
    expect({ generation, ...(await look(win)) }).toEqual({ generation, ...generations[generation] })
  }
})

test('clones of one snapshot share no GUID, no random number and no file', async () => {
  const { server, win } = given
  await win.restore('provisioned')
  await win.mkdir(disk)
  await putProgram(win)
  await win.snapshot('test-clones', { replace: true })
  const said: string[] = []
  async function speak(name: string): Promise<void> {
    await using clone = await server.acquire({ snapshot: 'test-clones', label: name })
    const { stdout } = await clone.run([program, 'unique'])
    said.push(...stdout.split('\n'))
    expect(await clone.readdir(disk)).toEqual([])
    await clone.writeFile(`${disk}\\${name}.txt`, name)
  }
  await speak('first')
  await speak('second')
  await Promise.all([speak('third'), speak('fourth')])
  expect(said).toHaveLength(8)
  expect(new Set(said).size).toBe(8)
})
