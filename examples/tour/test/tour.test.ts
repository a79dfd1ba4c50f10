import { expect, test } from 'vitest-environment-osrun/test'

// #region tour
test('what a machine does', async ({ win }) => {
  const { exitCode, stdout } = await win.run('echo %CD%', { cwd: 'C:\\windows' }) // a string goes to cmd
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'C:\\windows' })

  await win.run(['cmd', '/c', 'exit', '7'], { reject: false }) // an array goes to no shell: each argument as given
  const error = await win.run('type C:\\missing.txt').catch((reason) => reason) // WinCommandError: has all of a result
  expect(error.exitCode).toBe(1)

  await win.writeFile('C:\\in.txt', 'text') // readFile, readdir, stat, exists, mkdir, remove
  await win.upload('app', 'C:\\app') // a folder with all in it; download brings one back

  await win.snapshot('tour-ready', { replace: true }) // memory, disk, desktop and programs, while the machine goes on
  await win.remove('C:\\app')
  await win.restore('tour-ready') // back to it; win.restore() is back to where this file began
  await expect(win).toHaveFile('C:\\app\\server.js')

  const server = win.spawn(['node', 'C:\\app\\server.js']) // runs on: stdin, stdout, stderr, kill(), and its result
  const { host, port } = await win.port(3000) // a TCP server of the guest, reached from here
  const answer = () => fetch(`http://${host}:${port}`).then((response) => response.text(), String)
  await expect.poll(answer, { timeout: 120_000 }).toBe('hello')
  await server.kill()

  await win.keyboard.type('Hello') // and press('Control+S'), win.mouse.click(x, y)
  const { png, width, height } = await win.screenshot({ path: '.osrun/desktop.png' })
  expect({ bytes: png.length > 0, width, height }).toEqual({ bytes: true, width: 1024, height: 768 })
})
// #endregion

// #region matchers
test('what is asked of a machine', async ({ win }) => {
  const result = await win.run('C:\\app\\install.cmd', { reject: false })
  expect(result).toExitWith(0)

  await expect(win).toHaveFile('C:\\app\\app.ini', { content: /^port=80$/m }) // waits until it holds
  await expect(win).toHaveRegistryValue('HKCU\\Software\\App', 'Version', '1.2.3')
  await expect(win).toHaveRegistryValue('HKCU\\Software\\App', 'Version', expect.stringMatching(/^1\./))
  await expect(win).not.toHaveFile('C:\\app\\setup.tmp')

  await win.run('start notepad')
  await expect(win).toHaveProcess('notepad.exe', { timeout: 20_000 })
})
// #endregion
