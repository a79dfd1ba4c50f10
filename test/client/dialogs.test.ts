import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { RecordedCommand } from '../../src/client/command.ts'
import { acquireWin, type LeaseOptions } from '../../src/client/lease.ts'
import type { Win } from '../../src/client/win.ts'
import { messageBox, tell } from './desktop-lines.ts'
import { type Answers, type GuestCommand, type Peer, request, startPeer } from './peer.ts'

const open: AsyncDisposable[] = []

afterEach(async () => {
  for (const each of open.splice(0).reverse()) {
    await each[Symbol.asyncDispose]()
  }
})

const pace = { first: 100, again: 50, most: 100 }
const picture = { png: Buffer.from('a picture').toString('base64'), width: 1, height: 1 }

/**
 * A machine whose commands wait until they are killed; `echo` ends at once.
 * @param desktops what each look sees, the last of them from then on
 */
async function start(desktops: readonly string[], options: LeaseOptions = {}, answers: Answers = {}) {
  const looks: GuestCommand[] = []
  const program = async (command: GuestCommand) => {
    if (command.request.self === true) {
      looks.push(command)
      command.out(desktops[Math.min(looks.length, desktops.length) - 1] ?? '')
      command.exit(0)
    } else if (!command.commandLine.includes('echo')) {
      command.out('half of it\r\n')
      await command.killed.promise
      command.exit(1, 'killed')
    } else {
      command.exit(0)
    }
  }
  const peer: Peer = await startPeer({ screenshot: () => picture, keyboard: () => null, ...answers }, program)
  const win: Win = await acquireWin(peer, request, { dialogPace: pace, ...options })
  open.push(peer, win)
  return { peer, win, looks }
}

/** The command's error, or undefined where it still waits after many looks. */
async function outcome(command: PromiseLike<unknown>, patience = 1000): Promise<unknown> {
  return Promise.race([Promise.resolve(command).then(String, (error: unknown) => error), delay(patience)])
}

describe('a dialog that nobody answers', () => {
  test('ends the command, and the error has its title, text, buttons and what the command wrote', async () => {
    const { win, looks } = await start([messageBox])
    const error = await outcome(win.run('setup.exe'))
    expect(error).toMatchObject({ name: 'OsrunError', code: 'DIALOG_OPEN', stack: expect.stringContaining(__filename) })
    expect(String((error as Error).message).replace(/after [\d.]+ s/, 'after 8.0 s')).toMatchInlineSnapshot(`
      "A dialog of setup.exe waits for an answer, and the command was ended for it after 8.0 s: setup.exe

      Setup
      The file is in use.
      Try again?
      [Yes] [No]

      half of it

      Run the program so that it asks nothing, answer by \`win.keyboard\` while it runs, or wait on with \`dialogs: "ignore"\`."
    `)
    expect(looks).toHaveLength(2)
  })

  test('ends it with `reject: false`, too: it is no outcome of the command', async () => {
    const { win } = await start([messageBox])
    expect(await outcome(win.run('setup.exe', { reject: false }))).toMatchObject({ code: 'DIALOG_OPEN' })
  })

  test('is seen with the picture of the screen before the command is ended', async () => {
    const recorded: RecordedCommand[] = []
    const { win, peer } = await start([messageBox], { record: (command) => recorded.push(command) })
    await outcome(win.run('setup.exe'))
    expect(peer.asked.map(({ method }) => method)).toEqual(['acquire', 'screenshot'])
    expect(String(Buffer.from(recorded[0]?.picture?.() ?? []))).toBe('a picture')
  })

  test('ends it without a picture where the machine gives none', async () => {
    const error = { code: 'QMP_FAILED', message: 'no' }
    const { win } = await start([messageBox], {}, { screenshot: () => ({ error }) })
    expect(await outcome(win.run('setup.exe'))).toMatchObject({ code: 'DIALOG_OPEN' })
  })

  test('ends only the command whose program it belongs to', async () => {
    const { win } = await start([messageBox])
    const [first, second] = [win.run('setup.exe'), win.run('other.exe')]
    expect(await outcome(first)).toMatchObject({ code: 'DIALOG_OPEN' })
    expect(await outcome(second, 300)).toBeUndefined()
  })
})

describe('nothing is ended', () => {
  test.for<[string, string[]]>([
    ['that is gone at the second look', [messageBox, '']],
    [
      'that says something else each time',
      Array.from({ length: 40 }, (_, part) => messageBox.replace('in use', `at ${part}`)),
    ],
    ['of another program', [messageBox.replaceAll('"parent":101', '"parent":9')]],
    [
      'that is no dialog but a window',
      [[tell.process(101, 1, 'notepad.exe'), tell.window(101, { modal: false })].join('\n')],
    ],
    ['in an answer that is none', ['nonsense']],
  ])('by a dialog %s', async ([_, desktops]) => {
    const { win, looks } = await start(desktops)
    expect(await outcome(win.run('setup.exe'), 700)).toBeUndefined()
    expect(looks.length).toBeGreaterThan(1)
  })

  test.for<[string, (win: Win) => Promise<unknown>]>([
    ['the keyboard', (win) => win.keyboard.press('Enter')],
    ['a screenshot', (win) => win.screenshot()],
    ['the list of windows', (win) => win.windows()],
  ])('where the test itself uses %s', async ([_, use]) => {
    const { win } = await start([messageBox])
    const command = win.run('setup.exe')
    await use(win)
    expect(await outcome(command)).toBeUndefined()
  })

  test.for<[string, LeaseOptions, (win: Win) => PromiseLike<unknown>]>([
    ["the command's option is ignore", {}, (win) => win.run('setup.exe', { dialogs: 'ignore' })],
    ["the machine's option is ignore", { dialogs: () => 'ignore' }, (win) => win.run('setup.exe')],
    ['the command is talked with', {}, (win) => win.spawn('setup.exe')],
  ])('and nobody looks where %s', async ([_, options, run]) => {
    const { win, looks } = await start([messageBox], options)
    expect(await outcome(run(win), 500)).toBeUndefined()
    expect(looks).toHaveLength(0)
  })

  test('and nobody looks while a command is quick', async () => {
    const { win, looks } = await start([messageBox])
    await win.run('echo')
    await delay(300)
    expect(looks).toHaveLength(0)
  })
})

test('an option of the command goes before that of the machine', async () => {
  const run = await start([messageBox], { dialogs: () => 'ignore' })
  expect(await outcome(run.win.run('setup.exe', { dialogs: 'fail' }))).toMatchObject({ code: 'DIALOG_OPEN' })
  const spawn = await start([messageBox])
  expect(await outcome(spawn.win.spawn('setup.exe', { dialogs: 'fail' }))).toMatchObject({ code: 'DIALOG_OPEN' })
})

test('a command has ended only when the look that it has begun is over', async () => {
  const { win, looks } = await start([''])
  const ended = win.run('setup.exe', { timeout: 130, reject: false })
  expect(await ended).toMatchObject({ timedOut: true })
  expect(looks).toHaveLength(1)
})

test('the windows of the desktop are listed', async () => {
  const { win } = await start([messageBox])
  expect(await win.windows()).toEqual([
    {
      ...{ title: 'Setup', className: '#32770', program: 'setup.exe', pid: 120 },
      ...{ x: 400, y: 300, width: 220, height: 120, enabled: true, focused: true, modal: true },
      ...{ text: 'The file is in use.\nTry again?', buttons: ['Yes', 'No'] },
    },
  ])
})

test('a wrong mode is told', async () => {
  const { win } = await start([''])
  const options = { dialogs: 'close' as 'fail' }
  await expect(win.run('setup.exe', options)).rejects.toMatchObject({
    code: 'BAD_OPTION',
    message: expect.stringMatching(/`dialogs` in the options of `run` to be "fail" or "ignore", got "close"/),
  })
})

test('a command whose link is lost before it starts is told of at once', async () => {
  const { win, peer } = await start([''])
  const say = (event: object) => {
    for (const socket of peer.sockets) {
      socket.send(JSON.stringify(event))
    }
  }
  const error = { code: 'MACHINE_CRASHED', message: 'gone' }
  say({ event: 'link-lost', error, retrying: true })
  await delay(50)
  const command = win.run('setup.exe')
  await delay(200)
  say({ event: 'link-lost', error, retrying: false })
  expect(await outcome(command)).toMatchObject({ code: 'MACHINE_CRASHED' })
})
