import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { type OsrunServer, startServer, type Win } from '../../src/client/index.ts'
import { startFaultProxy } from './fault-proxy.ts'
import { findBarriers, overhang, withBrowser, withoutBrowser } from './with-browser.ts'

const patience = { timeout: 60_000 }

describe.skipIf(withoutBrowser !== undefined)('the page of all machines (needs Chromium)', () => {
  const given = withBrowser()
  let server: OsrunServer

  beforeAll(async () => {
    server = await startServer({ machines: 3 })
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
  })

  const tile = (label: string) => given.page.locator('.tile', { hasText: label })

  async function open(url = server.viewerUrl): Promise<void> {
    await given.page.goto(url)
  }

  test('says what to expect while there is no machine', async () => {
    await open()
    await given.page.getByRole('heading', { name: 'No machine is in use' }).waitFor(patience)
    expect(await given.page.locator('#empty').innerText()).toContain('There is nothing to reload')
    expect(await findBarriers(given.page)).toEqual([])
  })

  test('follows the run: tiles come and go with the machines', async () => {
    await open()
    await using first = await server.acquire({ label: 'test/first.test.ts' })
    await tile('test/first.test.ts').waitFor(patience)
    const second = await server.acquire({ label: 'test/second.test.ts' })
    await tile('test/second.test.ts').waitFor(patience)
    expect(await given.page.locator('.tile').count()).toBe(2)
    await second[Symbol.asyncDispose]()
    await tile('test/second.test.ts').waitFor({ ...patience, state: 'detached' })
    expect(await tile('test/first.test.ts').innerText()).toMatch(/running, m\d+, \d+ s/)
    await first[Symbol.asyncDispose]()
    await given.page.getByRole('heading', { name: 'No machine is in use' }).waitFor(patience)
  })

  test('shows guest, snapshot, last command and how it ended', async () => {
    await open()
    await using win = await server.acquire({ label: 'test/commands.test.ts' })
    const shown = tile('test/commands.test.ts')
    await shown.getByText('none yet').waitFor(patience)
    expect(await shown.innerText()).toMatch(/Guest\s+wine\s+Snapshot\s+provisioned/)
    await win.run('exit 3', { reject: false })
    await shown.getByText('exit code 3').waitFor(patience)
    expect(await shown.locator('code').innerText()).toBe('exit 3')
    const process = win.spawn('set /p answer=')
    await shown.getByText(/running for \d+ s/).waitFor(patience)
    await process.kill()
    await shown.getByText('killed').waitFor(patience)
    await win.snapshot('test-viewer', { replace: true })
    await win.restore('test-viewer')
    await shown.getByText('test-viewer').waitFor(patience)
  })

  test('says what a machine is doing while it is no longer running', async () => {
    await open()
    await using win = await server.acquire({ label: 'test/busy.test.ts' })
    // It takes long under emulation; the machine's end is the reboot's.
    win.reboot().catch(() => {})
    await tile('test/busy.test.ts').getByText('rebooting').waitFor(patience)
  })

  test('names who waits for a machine, and the machines that stand by', async () => {
    await open()
    await given.page.getByText(/1 machine stands by, restored ahead: provisioned \(wine\); \d+ MiB/).waitFor(patience)
    const wins = await Promise.all(['a', 'b', 'c'].map((label) => server.acquire({ label })))
    const late = server.acquire({ label: 'test/late.test.ts' })
    await given.page.getByText('test/late.test.ts (wine, provisioned): waiting for a free place').waitFor(patience)
    await Promise.all(wins.map((win) => win[Symbol.asyncDispose]()))
    await tile('test/late.test.ts').waitFor(patience)
    await (await late)[Symbol.asyncDispose]()
  })

  test('shows each screen as it is, or still pictures where one likes them better', async () => {
    await using _ = await server.acquire({ label: 'test/picture.test.ts' })
    await open()
    const picture = tile('test/picture.test.ts').locator('.picture')
    await given.page.locator('.picture[data-shown="live"]').waitFor(patience)
    expect(await picture.locator('canvas').getAttribute('width')).toBe('1024')
    await expect.poll(() => colors('.picture canvas'), patience).toBeGreaterThan(2)
    await given.page.getByRole('button', { name: 'Live pictures', pressed: true }).press('Enter')
    await given.page.locator('.picture[data-shown="last"]').waitFor(patience)
    expect(await colors('.picture canvas')).toBeGreaterThan(2)
    await given.page.reload()
    await given.page.getByRole('button', { name: 'Live pictures', pressed: false }).waitFor(patience)
  })

  /** How many colours a picture has: one that has not come has one. */
  function colors(canvas: string): Promise<number> {
    return given.page.evaluate<number>(`{
      const { width, height } = document.querySelector('${canvas}')
      const { data } = document.querySelector('${canvas}').getContext('2d').getImageData(0, 0, width, height)
      new Set(new Uint32Array(data.buffer)).size
    }`)
  }

  test.each(['click', 'Enter'])('opens a machine by %s', async (how) => {
    await using _ = await server.acquire({ label: 'test/open.test.ts' })
    await open()
    const link = given.page.getByRole('link', { name: 'test/open.test.ts' })
    await link.waitFor(patience)
    if (how === 'click') {
      await tile('test/open.test.ts').locator('.picture').click({ force: true })
    } else {
      await given.page.getByRole('button', { name: 'Live pictures' }).focus()
      await given.page.keyboard.press('Tab')
      await given.page.keyboard.press('Enter')
    }
    await given.page.getByRole('heading', { level: 1, name: 'test/open.test.ts' }).waitFor(patience)
    await given.page.getByRole('link', { name: 'All machines' }).click()
    await link.waitFor(patience)
  })

  test('can be read by everybody, on a phone too', async () => {
    await using win = await server.acquire({ label: `test/${'long-name-'.repeat(12)}.test.ts` })
    await win.run(`echo ${'x'.repeat(300)}`)
    await open()
    await given.page.getByText('exit code 0').waitFor(patience)
    expect(await findBarriers(given.page)).toEqual([])
    await given.page.setViewportSize({ width: 320, height: 640 })
    expect(await overhang(given.page)).toBeLessThanOrEqual(0)
    expect(await findBarriers(given.page)).toEqual([])
  })

  test('says that the connection is lost, and goes on by itself', async () => {
    await using proxy = await startFaultProxy(Number(new URL(server.url).port))
    await open(server.viewerUrl.replace(/:\d+\//, `:${proxy.port}/`))
    await given.page.getByText('0 machines in use').waitFor(patience)
    proxy.cut()
    await given.page.getByRole('alert').getByText('The connection to the machine room was lost').waitFor(patience)
    await given.page.getByText('0 machines in use').waitFor(patience)
    await given.page.getByRole('alert').waitFor({ ...patience, state: 'hidden' })
  })

  describe('the token', () => {
    test.each([
      ['wrong', '#token=wrong', 'is not this machine room’s'],
      ['missing', '', 'lacks its end, #token='],
    ])('that is %s shows nothing, and the page says why', async (_, end, words) => {
      await using win: Win = await server.acquire({ label: 'test/secret.test.ts' })
      await open(server.viewerUrl.replace(/#.*/, end))
      await given.page.getByRole('alert').getByText(words).waitFor(patience)
      expect(await given.page.locator('body').innerText()).not.toContain('secret')
      expect(win.guest).toBe('wine')
    })

    test('is in no address and no header that the page sends', async () => {
      await using _ = await server.acquire({ label: 'test/quiet.test.ts' })
      await open()
      await given.page.getByRole('link', { name: 'test/quiet.test.ts' }).click(patience)
      await given.page.locator('#screen[data-shown="live"]').waitFor(patience)
      expect(given.sent.length).toBeGreaterThan(10)
      expect(given.sent.filter((text) => text.includes(server.token))).toEqual([])
    })
  })

  test.each([
    ['another page', { origin: 'http://evil.test' }, 403],
    ['a name that someone else may point at this computer', { host: 'evil.test', origin: 'http://evil.test' }, 403],
    ['nothing', {}, 101],
  ])('the websocket of a page from %s is answered with %j', async (_, headers, status) => {
    const token = `osrun.token.${Buffer.from(server.token).toString('base64url')}`
    const socket = new WebSocket(`${server.url}/v1/watch`, ['osrun.watch', token], { headers })
    const answer = await new Promise((resolve) => {
      socket.on('open', () => resolve(101))
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
    })
    socket.on('error', () => {})
    socket.terminate()
    expect(answer).toBe(status)
  })
})
