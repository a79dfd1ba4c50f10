import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findProgram } from '../../src/runtime/requirements/check.ts'
import { answerViewer, viewerFiles } from '../../src/server/viewer-files.ts'

const executablePath = await findProgram('chromium')

describe.skipIf(executablePath === undefined)('a page of which a part did not come (needs Chromium)', () => {
  const server = createServer()
  let browser: Browser
  let page: Page
  let address: string
  // How often each is asked for yet goes lost: a browser that finds the network changed gives up what waits for its turn.
  let lost: Map<string, number>

  beforeAll(async () => {
    const files = await viewerFiles()
    server.on('request', (asked, response) => {
      if (asked.url === '/healthz') {
        response.end()
        return
      }
      // Who asks may go before all of the answer is written.
      answerViewer(files, asked, response)
        .then((answered) => answered || response.writeHead(404).end())
        .catch(() => response.destroy())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    browser = await chromium.launch(executablePath === undefined ? {} : { executablePath })
  })

  afterAll(async () => {
    await browser?.close()
    server.close()
  })

  beforeEach(async () => {
    lost = new Map()
    page = await browser.newPage()
    await page.route(`${address}/**`, async (route) => {
      const { pathname } = new URL(route.request().url())
      const times = lost.get(pathname) ?? 0
      lost.set(pathname, times - 1)
      await (times > 0 ? route.abort() : route.continue())
    })
  })

  afterEach(() => page.close())

  const part = '/viewer/novnc/core/decoders/raw.js'

  test.each([
    ['/', part],
    ['/machines/m1', '/viewer/machine.js'],
    ['/', '/viewer/viewer.css'],
  ])('%s is loaded again without %s', async (path, missing) => {
    lost.set(missing, 1)
    const again = page.waitForResponse(`${address}${missing}`, { timeout: 30_000 })
    const works = page.waitForEvent('websocket', { timeout: 30_000 })
    await page.goto(`${address}${path}#token=t`)
    expect((await again).status()).toBe(200)
    await works
  })

  test('waits for a server that does not answer, and stays what it is until then', async () => {
    lost.set(part, 1).set('/healthz', 2)
    const works = page.waitForEvent('websocket', { timeout: 30_000 })
    await page.goto(`${address}/#token=t`)
    await expect.poll(() => lost.get('/healthz'), { timeout: 30_000 }).toBe(1)
    expect(await page.locator('#summary').innerText()).toBe('Connecting…')
    await works
  })

  test('a page that is whole stays as it is', async () => {
    let loaded = 0
    page.on('load', () => {
      loaded += 1
    })
    const works = page.waitForEvent('websocket', { timeout: 30_000 })
    await page.goto(`${address}/#token=t`)
    await works
    await page.waitForTimeout(1500)
    expect(loaded).toBe(1)
  })
})
