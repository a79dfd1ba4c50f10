import axe, { type AxeResults } from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { findProgram } from '../../src/runtime/requirements/check.ts'

const executablePath = await findProgram('chromium')

/** Why there is no browser to test with. */
export const withoutBrowser = executablePath === undefined ? 'Chromium (chromium) is not installed' : undefined

/** What a test works with; there from `beforeEach` on. */
export interface WithBrowser {
  page: Page
  /** What the page has sent for so far: addresses and headers. */
  sent: string[]
  /** Puts a page of a phone in the place of `page`: small, and touched. */
  takePhone(): Promise<void>
}

/** A page of a real browser for each test. A page that threw an error or broke its own policy fails its test. */
export function withBrowser(): WithBrowser {
  const given = { sent: [] as string[], takePhone } as WithBrowser
  let browser: Browser
  let broken: string[]

  beforeAll(async () => {
    browser = await chromium.launch(executablePath === undefined ? {} : { executablePath })
  })

  async function takePhone(): Promise<void> {
    await given.page.context().close()
    await open({ viewport: { width: 390, height: 760 }, hasTouch: true, isMobile: true })
  }

  async function open(options: BrowserContextOptions): Promise<void> {
    const context = await browser.newContext(options)
    given.page = await context.newPage()
    given.page.on('pageerror', (error) => broken.push(String(error)))
    given.page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) {
        broken.push(message.text())
      }
    })
    given.page.on('request', (request) => given.sent.push(request.url(), JSON.stringify(request.headers())))
  }

  beforeEach(async () => {
    given.sent = []
    broken = []
    await open({ viewport: { width: 1100, height: 760 }, acceptDownloads: true })
  })

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') {
      const shown = await given.page.locator('body').innerText()
      process.stderr.write(`${given.page.url().replace(/#.*/, '')} showed:\n${shown}\n`)
    }
    await given.page.context().close()
    expect(broken).toEqual([])
  })

  afterAll(async () => {
    await browser?.close()
  })
  return given
}

/** What axe finds wrong with the page as it is, in both colour schemes. */
export async function findBarriers(page: Page): Promise<string[]> {
  const found: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.evaluate(axe.source)
    const { violations } = await page.evaluate<AxeResults>('axe.run()')
    found.push(
      ...violations.map(({ id, nodes }) => `${colorScheme}: ${id}: ${nodes.map(({ html }) => html).join(' ')}`),
    )
  }
  return found
}

/** By how many pixels the page is wider than its window. */
export function overhang(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
}
