import { afterEach, describe, expect, test } from 'vitest'
import { compareInventories } from '../../src/client/compare-inventories.ts'
import { ignoredByDefault, ignoring } from '../../src/client/ignored-changes.ts'
import { parseInventory } from '../../src/client/inventory.ts'
import { acquireWin } from '../../src/client/lease.ts'
import type { Win } from '../../src/client/win.ts'
import { type Answers, type GuestCommand, lease, type Peer, request, startPeer } from './peer.ts'

const tell = {
  file: (file: string, size: number, modified = 1) => JSON.stringify({ file, size, modified }),
  folder: (folder: string) => JSON.stringify({ folder }),
  key: (key: string) => JSON.stringify({ key }),
  value: (value: string, data: string, type = 1) => JSON.stringify({ value, type, data }),
}
const nothing = { added: [], changed: [], removed: [] }
const services = 'HKLM\\System\\CurrentControlSet\\Services'
const uninstall = 'HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall'

function compare(before: string[], after: string[], ignore: (string | RegExp)[] = []) {
  const [was, is] = [before, after].map((lines) => parseInventory(lines.join('\n')))
  const isSame = async (_: unknown, { path }: { path: string }) => path.endsWith('touched.txt')
  return compareInventories(was as never, is as never, ignoring(ignore), isSame)
}

test('files and folders that are new, other or gone are told, sorted, whatever their case', async () => {
  const { files } = await compare(
    [tell.folder('C:\\Old'), tell.file('C:\\Old\\a.txt', 1), tell.file('C:\\same.txt', 1), tell.file('C:\\b', 1)],
    [
      tell.file('C:\\SAME.txt', 1),
      tell.file('C:\\b', 2),
      tell.folder('C:\\new'),
      tell.file('C:\\new\\Z', 1),
      tell.file('C:\\a', 0),
    ],
  )
  expect(files).toEqual({
    added: ['C:\\a', 'C:\\new\\', 'C:\\new\\Z'],
    changed: ['C:\\b'],
    removed: ['C:\\Old\\', 'C:\\Old\\a.txt'],
  })
})

test('a file that was written with what it held is no change', async () => {
  const lines = (modified: number) => [
    tell.file('C:\\touched.txt', 5, modified),
    tell.file('C:\\edited.txt', 5, modified),
  ]
  const { files } = await compare(lines(1), lines(2))
  expect(files).toEqual({ ...nothing, changed: ['C:\\edited.txt'] })
})

test('keys and values are told with their types, a changed one with what it was', async () => {
  const before = [
    tell.key('HKCU\\Software\\A'),
    tell.value('Kept', '1'),
    tell.value('', 'old'),
    tell.value('Gone', '7', 4),
  ]
  const after = [
    ...[tell.key('HKCU\\Software\\A'), tell.value('KEPT', '1'), tell.value('', 'new')],
    ...[tell.key('HKCU\\Software\\A\\B'), tell.value('Data', '00ff', 3), tell.value('Odd', '00', 99)],
  ]
  expect((await compare(before, after)).registry).toEqual({
    added: [
      'HKCU\\Software\\A\\B',
      'HKCU\\Software\\A\\B: Data = REG_BINARY 00ff',
      'HKCU\\Software\\A\\B: Odd = type 99 00',
    ],
    changed: ['HKCU\\Software\\A: (default) = REG_SZ new, was REG_SZ old'],
    removed: ['HKCU\\Software\\A: Gone = REG_DWORD 7'],
  })
})

test('services and installed programs are told by their names', async () => {
  const before = [
    ...[tell.key(`${services}\\Spooler`), tell.value('Start', '2', 4), tell.key(`${services}\\Old`)],
    ...[tell.key(`${uninstall}\\App`), tell.value('DisplayName', 'App'), tell.value('DisplayVersion', '1.0')],
  ]
  const after = [
    ...[tell.key(`${services}\\spooler`), tell.value('Start', '3', 4), tell.key(`${services}\\New\\Parameters`)],
    ...[tell.key(`${services}\\New`), tell.value('Start', '2', 4)],
    ...[tell.key(`${uninstall}\\App`), tell.value('DisplayName', 'App'), tell.value('DisplayVersion', '2.0')],
    ...[tell.key(`${uninstall}\\{guid}`), tell.value('Publisher', 'us')],
  ]
  const changes = await compare(before, after)
  expect(changes.services).toEqual({ added: ['New'], changed: ['spooler'], removed: ['Old'] })
  expect(changes.programs).toEqual({ added: ['{guid}'], changed: ['App 2.0'], removed: [] })
})

test.for<[string | RegExp, string, boolean]>([
  ['C:\\Temp', 'C:\\temp\\a.txt', true],
  ['C:\\Temp\\', 'C:\\Temp\\', true],
  ['C:\\Temp', 'C:\\Temporary\\a.txt', false],
  ['C:\\Users\\*\\x', 'C:\\Users\\me\\x\\y', true],
  ['C:\\Users\\*\\x', 'C:\\Users\\me\\deeper\\x', false],
  ['C:\\a*.log', 'C:\\abc.log', true],
  ['C:\\a.log', 'C:\\axlog', false],
  [/\.log$/, 'C:\\deep\\a.log', true],
  [/\.log$/g, 'C:\\deep\\a.log', true],
  ['HKCU\\Software\\A', 'HKCU\\Software\\A', true],
])('%s leaves out %s: %s', ([pattern, path, answer]) => {
  expect(ignoring([pattern])(path)).toBe(answer)
})

test('what is left out is not told, in either list', async () => {
  const { files, registry } = await compare(
    [tell.file('C:\\t\\a', 1)],
    [tell.key('HKCU\\Software\\T')],
    ['C:\\t', /Software\\T/],
  )
  expect({ files, registry }).toEqual({ files: nothing, registry: nothing })
  expect(ignoring(ignoredByDefault)('C:\\users\\osrun\\AppData\\Local\\Temp\\x.tmp')).toBe(true)
  expect(ignoring(ignoredByDefault)('C:\\Program Files\\App\\app.exe')).toBe(false)
})

test('what is no line of the agent is told', () => {
  expect(() => parseInventory('{"file":"a"}')).toThrow(expect.objectContaining({ code: 'AGENT_PROTOCOL' }))
})

const open: AsyncDisposable[] = []

afterEach(async () => {
  for (const each of open.splice(0).reverse()) {
    await each[Symbol.asyncDispose]()
  }
})

/** A room of two machines, the second for being compared with; each has the file of its number. */
async function start(answers: Answers = {}) {
  const commandLines: string[] = []
  const program = (command: GuestCommand) => {
    commandLines.push(command.commandLine)
    command.out(`${tell.file('C:\\same.txt', 1)}\n${tell.file(`C:\\${commandLines.length}.txt`, 1)}\n`)
    command.exit(0)
  }
  const peer: Peer = await startPeer(answers, program)
  const win: Win = await acquireWin(peer, request)
  open.push(peer, win)
  return { peer, win, commandLines }
}

describe('of a machine', () => {
  test('the changes are found by another one of the same snapshot, which waits for no place and is given back', async () => {
    const { peer, win, commandLines } = await start()
    const { files } = await win.changes({ files: ['C:\\my app'], registry: ['HKCU\\Software\\A'] })
    expect([...files.added, ...files.removed].sort()).toEqual(['C:\\1.txt', 'C:\\2.txt'])
    expect(commandLines).toEqual(Array(2).fill('--inventory files "C:\\my app" registry HKCU\\Software\\A'))
    const [, second, third] = peer.asked
    expect(second).toMatchObject({ method: 'acquire', params: { snapshot: 'provisioned', beside: true } })
    expect(third).toMatchObject({ method: 'release' })
  })

  test.for<[object, RegExp]>([
    [{ files: 'C:\\' }, /`files` in the options of `changes` to be a list of folders, got "/],
    [{ registry: ['HKCR\\.txt'] }, /`registry.0` .* to be a key that begins with HKLM\\ or HKCU\\, got "HKCR/],
    [{ ignore: [7] }, /`ignore.0` .* to be a path or a regular expression, got 7/],
    [{ folders: [] }, /Unknown option `folders`/],
  ])('a wrong option is told before anything is asked for: %j', async ([options, message]) => {
    const { peer, win } = await start()
    await expect(win.changes(options)).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringMatching(message),
    })
    expect(peer.asked).toHaveLength(1)
  })

  test('a machine that cannot be had for it is told', async () => {
    let asked = 0
    const error = { code: 'RESTORE_FAILED', message: 'no memory' }
    const { win } = await start({ acquire: () => (asked++ === 0 ? lease : { error }) })
    await expect(win.changes()).rejects.toMatchObject({ code: 'RESTORE_FAILED' })
  })
})
