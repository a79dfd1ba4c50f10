import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { guest, hasWine, standsIn } from './guest.ts'
import { withMachine } from './with-machine.ts'
import { program } from './with-program.ts'

const given = withMachine('test/machine/guest-life.test.ts')

describe('the clock', () => {
  test('is the host’s after a restore, can be set, and goes on from there', async ({ skip }) => {
    const { win } = given
    skip(await standsIn(win), 'Wine sets no clock, and nobody does it in its place')
    expect(Math.abs((await win.clock.now()).getTime() - Date.now())).toBeLessThan(5000)
    await win.clock.set(new Date('2031-05-06T07:08:09Z'))
    expect((await win.run('echo %date%')).stdout).toMatch(/2031/)
    await delay(1500)
    const now = await win.clock.now()
    expect(now.toISOString()).toMatch(/^2031-05-06T07:0[89]/)
    await win.clock.set(new Date())
    expect(Math.abs((await win.clock.now()).getTime() - Date.now())).toBeLessThan(5000)
  })

  test('takes no time before 1970', async () => {
    await expect(given.win.clock.set(new Date('1969-01-01'))).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await expect(given.win.clock.set(new Date('nonsense'))).rejects.toMatchObject({ code: 'BAD_OPTION' })
  })
})

describe('a port', () => {
  test('leads to a server on the guest’s own loopback, before and after a restore', async () => {
    const { win } = given
    const { host, port } = await win.port(7070)
    async function ask(question: string): Promise<string> {
      const server = win.spawn([program, 'hear', '7070'])
      await new Promise((resolve) => server.stdout.once('data', resolve))
      const socket = connect({ host, port, allowHalfOpen: true })
      socket.end(question)
      const answer = await text(socket)
      await server.kill()
      return answer
    }
    const question = 'Ж'.repeat(500_000)
    expect(await ask(question)).toBe(question)
    const refused = connect({ host, port })
    await expect(text(refused)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })
})

test('the agent that dies is started again, and the handle goes on', async () => {
  const { win } = given
  await win.writeFile('C:\\still.txt', 'there')
  await expect(win.run('taskkill /f /im osrun-agent.exe')).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  expect((await win.run('type C:\\still.txt')).stdout).toBe('there')
  expect(await win.readFile('C:\\still.txt', 'utf8')).toBe('there')
})

test('a reboot ends what ran, keeps the disk, and the handle goes on', async ({ skip }) => {
  const { win } = given
  skip(await standsIn(win), 'Wine’s own shutdown restarts nothing')
  await win.writeFile('C:\\kept.txt', 'kept')
  const lost = win.run([program, 'tree', '1'])
  const fate = expect(lost).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  await win.reboot()
  await fate
  expect(await win.readFile('C:\\kept.txt', 'utf8')).toBe('kept')
  expect((await win.run('tasklist')).stdout).not.toContain('program.exe')
  expect(Math.abs((await win.clock.now()).getTime() - Date.now())).toBeLessThan(10_000)
  expect(await win.screenshot()).toMatchObject(guest.screen)
  await win.restore()
  expect(await win.exists('C:\\kept.txt')).toBe(false)
})

test('PowerShell is refused by name where the guest has none', async ({ skip }) => {
  skip(guest.shells.includes('powershell'), 'the guest has PowerShell')
  await expect(given.win.powershell('Get-Date')).rejects.toMatchObject({ code: 'UNSUPPORTED_BY_GUEST' })
})

test('PowerShell answers where the guest has it', async ({ skip }) => {
  skip(await hasWine(given.win), 'Wine has no PowerShell')
  const { stdout } = await given.win.powershell('$PSVersionTable.PSVersion.Major; Write-Output "Ж $(1 + 1)"')
  expect(stdout).toMatch(/^[5-9]\nЖ 2$/)
})

test('the viewer’s address is a page', async () => {
  const { viewerUrl } = given.win
  const { origin, pathname, hash } = new URL(viewerUrl)
  expect(hash).toContain(given.server.token)
  const page = await fetch(`${origin}${pathname}`)
  expect(page.status).toBe(200)
  expect(page.headers.get('content-type')).toContain('text/html')
})
