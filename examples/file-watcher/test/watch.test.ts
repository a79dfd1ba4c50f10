import { createInterface } from 'node:readline'
import { beforeAll, expect, test } from 'vitest-environment-osrun/test'

beforeAll(async () => {
  await win.upload('src', 'C:\\watch')
  await win.mkdir('C:\\notes')
})

// #region watch
test('tells what happens to the files of a folder', async ({ win }) => {
  const watcher = win.spawn(['node', 'C:\\watch\\watch.js', 'C:\\notes'])
  const told: string[] = []
  createInterface(watcher.stdout).on('line', (line) => told.push(line))
  const tells = (line: string) => expect.poll(() => told, { timeout: 60_000 }).toContain(line)
  await tells('watching')

  await win.run('echo one> C:\\notes\\a.txt')
  await tells('written a.txt')
  await win.run('ren C:\\notes\\a.txt b.txt')
  await tells('removed a.txt')
  await tells('written b.txt')
  await win.run('del C:\\notes\\b.txt')
  await tells('removed b.txt')

  watcher.stdin.end()
  expect(await watcher).toExitWith(0)
})
// #endregion
