import axe, { type AxeResults } from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
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
}

/** A page of a real browser for each test. A page that threw an error or broke its own policy fails its test. */
export function withBrowser(): WithBrowser {
  const given = { sent: [] as string[] } as WithBrowser
  let browser: Browser
  let broken: string[]

  beforeAll(async () => {
    browser = await chromium.launch(executablePath === undefined ? {} : { executablePath })
  })

  beforeEach(async () => {
    const context = await browser.newContext({ viewport: { width: 1100, height: 760 }, acceptDownloads: true })
    given.page = await context.newPage()
    given.sent = []
    broken = []
    given.page.on('pageerror', (error) => broken.push(String(error)))
    given.page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) {
        broken.push(message.text())
      }
    })
    given.page.on('request', (request) => given.sent.push(request.url(), JSON.stringify(request.headers())))
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
