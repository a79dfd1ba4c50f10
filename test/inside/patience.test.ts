import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { ourPatience, patient, vitestPatience } from '../../src/inside/guest/patience.ts'

test('what Vitest gives a worker to start is longer in the guest, and nothing else is', async () => {
  const wait = vi.fn()
  const given = Object.assign(wait, { [promisify.custom]: 'kept' }) as unknown as typeof setTimeout
  const longer = patient(given) as (...args: unknown[]) => unknown
  const work = () => {}
  class PoolRunner {
    async start() {
      await undefined
      return new Promise(() => longer(work, vitestPatience.answer))
    }
    stop() {
      longer(work, vitestPatience.answer)
    }
  }
  longer(work, vitestPatience.begin)
  new PoolRunner().start()
  await undefined
  new PoolRunner().stop()
  longer(work, 5000, 'word')
  longer(work)
  expect(wait.mock.calls).toEqual([
    [work, ourPatience],
    [work, ourPatience],
    [work, vitestPatience.answer],
    [work, 5000, 'word'],
    [work, undefined],
  ])
  expect(Reflect.get(longer, promisify.custom)).toBe('kept')
})

test.each([
  [/\bWORKER_START_TIMEOUT = ([\de_]+)/, vitestPatience.begin],
  [/^const START_TIMEOUT = ([\de_]+);[\s\S]*class PoolRunner/m, vitestPatience.answer],
])("Vitest's own number is still that: %s", async (pattern, milliseconds) => {
  const folder = 'node_modules/vitest/dist/chunks'
  const chunks = (await readdir(folder)).filter((name) => name.endsWith('.js'))
  const texts = await Promise.all(chunks.map((name) => readFile(`${folder}/${name}`, 'utf8')))
  const found = texts.map((text) => pattern.exec(text)?.[1]).find(Boolean)
  expect(Number(found?.replaceAll('_', ''))).toBe(milliseconds)
})
