import { setTimeout as delay } from 'node:timers/promises'
import type { Win } from '../src/client/index.ts'
import { changedRows, rowsOf } from './screen.ts'

/** More than a button of the task bar changes, less than Notepad's window. */
const windowRows = 200
const windowDeadline = 120_000

/** Uses of a machine that cost more the first time. Each does it once and says how many milliseconds it took. */
export const uses = {
  command: (win: Win) => time(() => win.run('exit 0')),
  file: (win: Win) => time(() => win.readFile('C:\\windows\\win.ini')),
  screenshot: (win: Win) => time(() => win.screenshot()),
  notepad: timeNotepad,
}

export type UseName = keyof typeof uses

async function time(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

/** Until its window shows. QEMU tells what the screen shows, so that watching costs the guest nothing. */
async function timeNotepad(win: Win): Promise<number> {
  const screen = async () => rowsOf((await win.screenshot()).png)
  const before = await screen()
  const shows = async () => changedRows(before, await screen()) >= windowRows
  const took = await time(async () => {
    await win.run('start notepad')
    await until(shows, true)
  })
  await win.run('taskkill /f /im notepad.exe')
  await until(shows, false)
  return took
}

async function until(look: () => Promise<boolean>, wanted: boolean): Promise<void> {
  const deadline = Date.now() + windowDeadline
  while ((await look()) !== wanted) {
    if (Date.now() > deadline) {
      throw new Error(`after ${windowDeadline / 1000} seconds Notepad's window ${wanted ? 'is not' : 'is still'} there`)
    }
    await delay(20)
  }
}
