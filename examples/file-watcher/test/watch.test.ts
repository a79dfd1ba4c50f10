import { createInterface } from 'node:readline'
import { beforeAll, expect, test } from 'vitest-environment-osrun/test'

beforeAll(async () => {
  await win.upload('src', 'C:\\watch')
  await win.mkdir('C:\\notes\\deep')
})

// #region watch
test('tells what happens to the files of a folder', async ({ win }) => {
  const watcher = win.spawn(['node', 'C:\\watch\\watch.js', 'C:\\notes'])
  const lines = createInterface(watcher.stdout)[Symbol.asyncIterator]()
  const next = async () => (await lines.next()).value
  expect(await next()).toBe('watching')

  await win.writeFile('C:\\notes\\a.txt', 'one')
  expect(await next()).toMatch(/^written (a\.txt|.*)$/)
  await win.run('echo two>> C:\\notes\\a.txt')
  expect(await next()).toBe('written a.txt')
  await win.run('move C:\\notes\\a.txt C:\\notes\\deep\\b.txt')
  expect([await next(), await next()].sort()).toEqual(['removed a.txt', 'written deep\\b.txt'])

  watcher.stdin.end()
  expect(await watcher).toExitWith(0)
})
// #endregion
