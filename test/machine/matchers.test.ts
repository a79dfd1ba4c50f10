import { expect as base, describe, test } from 'vitest'
import { settle } from '../../environment/expect/settle.ts'
import { expect } from '../../environment/expect/typed.ts'
import * as matchers from '../../environment/matchers.ts'
import { withMachine } from './with-machine.ts'

base.extend(matchers)
const given = withMachine('test/machine/matchers.test.ts')
const once = { timeout: 0 }

/** The message of an assertion that fails. */
async function said(assertion: Promise<void>): Promise<string> {
  return assertion.then(
    () => 'passed',
    (error) => error.message,
  )
}

describe('toHaveFile', () => {
  test('finds a file, its text and a pattern in it, and says what there is instead', async () => {
    const { win } = given
    await win.run('mkdir C:\\app\\sub& echo one> C:\\app\\a.txt& echo two> C:\\app\\b.txt')
    await expect(win).toHaveFile('C:\\app\\a.txt')
    await expect(win).toHaveFile('c:/APP/A.TXT', { content: 'one\r\n' })
    await expect(win).toHaveFile('C:\\app\\a.txt', { content: /^o/ })
    await expect(win).not.toHaveFile('C:\\app\\c.txt')
    await expect(win).not.toHaveFile('C:\\app\\a.txt', { content: 'two' })
    base(await said(expect(win).toHaveFile('C:\\app\\c.txt', once))).toBe(
      'expected the machine to have the file C:\\app\\c.txt\n\nC:\\app has:\n  a.txt\n  b.txt\n  sub\\',
    )
    base(await said(expect(win).toHaveFile('C:\\ap\\a.txt', once))).toContain('\n\nThere is no folder C:\\ap.')
    base(await said(expect(win).toHaveFile('C:\\app\\sub', once))).toContain('\n\nIt is a folder.')
    base(await said(expect(win).toHaveFile('C:\\no.txt', once))).toContain('\n\nC:\\ has:\n')
    base(await said(expect(win).not.toHaveFile('C:\\app\\a.txt', once))).toBe(
      'expected the machine not to have the file C:\\app\\a.txt',
    )
    await base(expect(win).toHaveFile('C:\\app\\a.txt', { ...once, content: 'two\r\n' })).rejects.toMatchObject({
      ...{
        message: 'expected the file C:\\app\\a.txt to have another content',
        actual: 'one\r\n',
        expected: 'two\r\n',
      },
    })
  })

  test('waits for a file that comes, and for one that goes', async () => {
    const { win } = given
    const coming = win.run('ping -n 3 127.0.0.1 > nul & echo late> C:\\late.txt')
    await expect(win).toHaveFile('C:\\late.txt', { timeout: 60_000 })
    await coming
    const going = win.run('ping -n 3 127.0.0.1 > nul & del C:\\late.txt')
    await expect(win).not.toHaveFile('C:\\late.txt', { timeout: 60_000 })
    await going
  })
})

describe('toHaveRegistryValue', () => {
  const key = 'HKCU\\Software\\Osrun Test'
  const add = (...value: string[]) => given.win.run(['reg', 'add', key, '/f', ...value])

  test('reads each kind of value', async () => {
    const { win } = given
    await add('/v', 'Version', '/d', '1.2.3')
    await add('/v', 'With Spaces', '/t', 'REG_EXPAND_SZ', '/d', '%TEMP%\\a  b')
    await add('/v', 'Count', '/t', 'REG_DWORD', '/d', '42')
    await add('/v', 'Names', '/t', 'REG_MULTI_SZ', '/d', 'one\\0two')
    await add('/v', 'Data', '/t', 'REG_BINARY', '/d', 'deadbeef')
    await add('/ve', '/d', 'the default')
    await expect(win).toHaveRegistryValue(key, 'Version')
    await expect(win).toHaveRegistryValue(key, 'Version', '1.2.3')
    await expect(win).toHaveRegistryValue(key, 'Version', base.stringMatching(/^1\./))
    await expect(win).toHaveRegistryValue(key, 'With Spaces', '%TEMP%\\a  b')
    await expect(win).toHaveRegistryValue(key, 'Count', 42)
    await expect(win).toHaveRegistryValue(key, 'Names', ['one', 'two'])
    await expect(win).toHaveRegistryValue(key, 'Data', base.stringMatching(/^deadbeef$/i))
    await expect(win).toHaveRegistryValue(key, '', 'the default')
    await expect(win).not.toHaveRegistryValue(key, 'Missing')
    await expect(win).not.toHaveRegistryValue(key, 'Count', 43)
  })

  test('says what there is instead', async () => {
    const { win } = given
    base(await said(expect(win).toHaveRegistryValue(key, 'Missing', 'x', once))).toContain(
      `expected the registry to have ${key}, value Missing\n\nThe key has:\n`,
    )
    base(await said(expect(win).toHaveRegistryValue('HKCU\\No Such Key', 'a', 'x', once))).toContain(
      '\n\nThere is no such key.',
    )
    base(await said(expect(win).not.toHaveRegistryValue(key, 'Count', undefined, once))).toBe(
      `expected the registry not to have ${key}, value Count; it is 42`,
    )
    await base(expect(win).toHaveRegistryValue(key, 'Count', 43, once)).rejects.toMatchObject({
      ...{ message: `expected another value of ${key}, value Count`, actual: 42, expected: 43 },
    })
  })
})

describe('toHaveProcess', () => {
  test('sees a program that runs, waits for its end, and says which there are', async () => {
    const { win } = given
    const ping = win.spawn(['ping', '-n', '100', '127.0.0.1'], { reject: false })
    await expect(win).toHaveProcess('ping.exe', { timeout: 60_000 })
    await expect(win).toHaveProcess('PING.EXE', { timeout: 60_000 })
    base(await said(expect(win).not.toHaveProcess('ping.exe', once))).toBe('expected no process of ping.exe to run')
    const killed = ping.kill()
    await expect(win).not.toHaveProcess('ping.exe', { timeout: 60_000 })
    await killed
    base(await said(expect(win).toHaveProcess('no-such.exe', once))).toMatch(
      /^expected a process of no-such\.exe to run\n\nThere are processes of:\n[\s\S]* {2}explorer\.exe/,
    )
  })
})

test('a screen that comes to rest is the same again, until a window opens', async () => {
  const { win } = given
  const source = { look: async () => (await win.screenshot()).png, changes: true }
  const options = { threshold: 0.1, masks: [], allowedMismatchedPixels: 0, timeout: 60_000 }
  const desktop = await settle(source, undefined, options)
  const png = 'png' in desktop ? desktop.png : new Uint8Array()
  base(await settle(source, png, options)).toMatchObject({ kind: 'same' })
  const notepad = win.spawn('notepad', { reject: false })
  await expect
    .poll(async () => (await settle(source, png, { ...options, timeout: 0 })).kind, { timeout: 60_000 })
    .toBe('other')
  await notepad.kill()
})
