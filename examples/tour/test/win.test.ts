import { expect, test } from 'vitest-environment-osrun/test'

test('commands', async ({ win }) => {
  await win.writeFile('C:\\a.txt', 'one word\r\ntwo words\r\n')
  // #region commands
  await win.run('dir C:\\ & echo %USERNAME%') // a string goes to cmd, untouched
  await win.run(['findstr', '/c:two words', 'C:\\a.txt']) // an array goes to no shell: each argument exactly as given
  // #endregion
})

test('files', async ({ win }) => {
  // #region files
  await win.writeFile('C:\\made\\by\\us.txt', 'text or bytes') // missing folders are made
  const text = await win.readFile('C:\\made\\by\\us.txt', 'utf8') // bytes without 'utf8'
  await win.upload('app', 'C:\\app') // a file, or a folder with all in it
  await win.download('C:\\app', '.osrun/app')
  const [first] = await win.readdir('C:\\app') // by name: { name, type, size, modified }
  const { size } = await win.stat('C:\\app\\server.js')
  await win.mkdir('C:\\new')
  await win.remove('C:\\new')
  expect(await win.exists('C:\\new')).toBe(false)
  // #endregion
  expect({ text, name: first?.name, large: size > 0 }).toEqual({
    ...{ text: 'text or bytes', name: 'echo.js', large: true },
  })
})

test('processes', async ({ win }) => {
  // #region processes
  const echo = win.spawn(['node', 'C:\\app\\echo.js']) // says what it reads
  echo.stdin.write('a line\n')
  for await (const piece of echo.stdout) {
    expect(piece.toString()).toBe('a line\n') // bytes, as they come
    echo.stdin.end()
  }
  expect(await echo).toExitWith(0) // its result, as `run` gives it
  // #endregion
})

test('screen', async ({ win }) => {
  await win.writeFile('C:\\hello.txt', '')
  await win.run('start notepad C:\\hello.txt')
  await expect(win).toHaveProcess('notepad.exe', { timeout: 60_000 })
  // #region screen
  await win.keyboard.type('Hello, Windows!\n')
  await win.keyboard.press('Control+S') // Enter, F5, Alt+F4, Control+Shift+Escape, ...
  await win.mouse.click(20, 52, { count: 2 }) // pixels of the screenshot
  const { png, width, height } = await win.screenshot({ path: '.osrun/desktop.png' })
  // #endregion
  expect({ bytes: png.length > 0, width, height }).toEqual({ bytes: true, width: 1024, height: 768 })
})

test('network, clock', async ({ win }) => {
  // #region network
  const { host, port } = await win.port(3000) // leads to 127.0.0.1:3000 in the guest
  await win.clock.set(new Date('2031-01-01'))
  const now = await win.clock.now()
  // #endregion
  expect({ host, port }).toEqual({ host: '127.0.0.1', port: expect.any(Number) })
  expect(now.getUTCFullYear()).toBe(2031)
})
