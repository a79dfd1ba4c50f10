import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { WindowInfo } from '../../src/client/index.ts'
import { hasWine } from './guest.ts'
import { withMachine } from './with-machine.ts'
import { program } from './with-program.ts'

const given = withMachine('test/machine/dialogs.test.ts')

/** The window with that title, once it is there. */
async function windowOf(title: string): Promise<WindowInfo | undefined> {
  let found: WindowInfo | undefined
  const look = async () => {
    found = (await given.win.windows()).find((window) => window.title === title)
    return found
  }
  await expect.poll(look, { timeout: 60_000, interval: 1000 }).toBeDefined()
  return found
}

async function running(image: string): Promise<boolean> {
  return (await given.win.run('tasklist')).stdout.includes(image)
}

afterEach(async () => {
  await given.win.run('taskkill /f /im program.exe & taskkill /f /im notepad.exe', { reject: false })
})

const timeout = 120_000

describe('a message box that nobody answers', () => {
  test('ends its program long before the timeout, and is told with its text and buttons', async () => {
    const asked = given.win.run([program, 'ask', 'Setup', 'The file is in use.\nTry again?'], { timeout })
    const error = await asked.catch((reason: Error) => reason)
    expect(error).toMatchObject({ name: 'OsrunError', code: 'DIALOG_OPEN' })
    const { message } = error as Error
    expect(message).toMatch(/^A dialog of program\.exe waits for an answer/)
    expect(message).toContain('\n\nSetup\nThe file is in use.\nTry again?\n[Yes] [No]\n\nasking\n\n')
    expect(await running('program.exe')).toBe(false)
  })

  test('is found behind cmd, and takes the whole tree along', async () => {
    const { win } = given
    const asked = win.run(`${program} ask First Question & echo the next step`, { timeout })
    await expect(asked).rejects.toMatchObject({ code: 'DIALOG_OPEN', message: expect.stringContaining('Question') })
    expect(await running('program.exe')).toBe(false)
  })

  test('leaves other commands alone', async () => {
    const { win } = given
    const other = win.run('ping -n 25 127.0.0.1 > nul & echo done')
    await expect(win.run([program, 'ask', 'A', 'B'], { timeout })).rejects.toMatchObject({ code: 'DIALOG_OPEN' })
    expect((await other).stdout).toBe('done')
  })
})

describe('no command is ended', () => {
  test('where the test answers the dialog by itself, in its own time', async () => {
    const { win } = given
    const asked = win.run([program, 'ask', 'Driven', 'Go on?'], { timeout, reject: false })
    expect(await windowOf('Driven')).toMatchObject({
      ...{ className: '#32770', program: 'program.exe', modal: true, enabled: true },
      ...{ text: 'Go on?', buttons: ['Yes', 'No'], pid: expect.any(Number) },
    })
    await delay(12_000)
    await win.keyboard.press('Enter')
    expect(await asked).toMatchObject({ exitCode: 6, stdout: 'asking' })
  })

  test('for a window that is no dialog', async () => {
    expect(await given.win.run('notepad', { timeout: 20_000, reject: false })).toMatchObject({ timedOut: true })
  })

  test('where the option says so', async () => {
    const asked = given.win.run([program, 'ask', 'Off', 'B'], { dialogs: 'ignore', timeout: 20_000, reject: false })
    expect(await asked).toMatchObject({ timedOut: true, stdout: 'asking' })
  })
})

test('a dialog that keeps its owner from being used is modal, and the owner is told as not enabled', async () => {
  const { win } = given
  // Which dialogs Windows' own programs have, each version decides anew.
  const asked = win.spawn([program, 'ask', 'Question', 'Save it?', 'Owner'], { reject: false, dialogs: 'ignore' })
  expect(await windowOf('Question')).toMatchObject({ modal: true, text: 'Save it?', buttons: ['Yes', 'No'] })
  expect(await windowOf('Owner')).toMatchObject({ enabled: false, modal: false, buttons: [] })
  await asked.kill()
})

test('the crash dialog of a program is found, where the guest shows one', async ({ skip }) => {
  const { win } = given
  const why = 'Windows is told by other switches than winedbg, and reports crashes by a program of its own'
  skip(!(await hasWine(win)), why)
  const key = 'HKCU\\Software\\Wine\\WineDbg'
  await win.run(['reg', 'add', key, '/v', 'ShowCrashDialog', '/t', 'REG_DWORD', '/d', '1', '/f'])
  await expect(win.run([program, 'crash'], { timeout })).rejects.toMatchObject({ code: 'DIALOG_OPEN' })
})

test('a snapshot can be taken as soon as a command has ended that was looked after', async () => {
  const { win } = given
  for (const seconds of [6, 7]) {
    await win.run(`ping -n ${seconds} 127.0.0.1 > nul`)
    await win.snapshot('test-after-a-look', { replace: true })
  }
})
