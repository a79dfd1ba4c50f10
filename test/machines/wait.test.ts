import { expect, test } from 'vitest'
import { waitFor } from '../../src/machines/wait.ts'

const never = new Promise<never>(() => {})
const wait = {
  what: 'the agent of machine m1',
  exit: never,
  deadline: 20_000,
  code: 'GUEST_NOT_READY',
  next: 'Look at its screen.',
} as const

test('a wait ends with what was awaited', async () => {
  await expect(waitFor({ ...wait, ready: Promise.resolve(7) })).resolves.toBe(7)
})

test('a program that ends first is named, with its last words and the next step', async () => {
  const failed = waitFor({
    ...wait,
    ready: never,
    exit: Promise.resolve('QEMU exited with code 1'),
    lastWords: () => 'no such machine\n',
  })
  await expect(failed).rejects.toMatchObject({
    code: 'GUEST_NOT_READY',
    message: expect.stringMatching(
      /^the agent of machine m1: QEMU exited with code 1 after \d+ ms\.\nIts last words:\n {2}no such machine\nLook at its screen\.$/,
    ),
  })
})

test('a deadline that passes first is named', async () => {
  const failed = waitFor({ ...wait, ready: never, deadline: 10 })
  await expect(failed).rejects.toThrow(/the deadline passed after \d+ ms\.\nLook at its screen\./)
})

test("the caller's signal ends the wait as CANCELED", async () => {
  const controller = new AbortController()
  const failed = waitFor({ ...wait, ready: never, signal: controller.signal })
  controller.abort()
  await expect(failed).rejects.toMatchObject({ code: 'CANCELED' })
})

test('a signal that was aborted before the wait ends it too', async () => {
  await expect(waitFor({ ...wait, ready: never, signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'CANCELED',
  })
})

test('what the awaited thing itself rejects with is passed on', async () => {
  const reason = new Error('wrong secret')
  await expect(waitFor({ ...wait, ready: Promise.reject(reason) })).rejects.toBe(reason)
})
