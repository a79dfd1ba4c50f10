import { readFile } from 'node:fs/promises'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findProgram } from '../../src/runtime/requirements/check.ts'

const executablePath = await findProgram('chromium')

// What goes to the guest is gathered, and is on its way until the page's `arrive` is called.
const body = `
  <button id="open">Keyboard</button><textarea id="field"></textarea><button id="other">Other</button>
  <script type="module">
    import { TouchKeyboard } from './touch-keyboard.js'
    window.typed = []
    new TouchKeyboard(document.getElementById('open'), document.getElementById('field'), (text) => {
      window.typed.push(text)
      return new Promise((resolve) => { window.arrive = resolve })
    })
    document.body.dataset.ready = 'yes'
  </script>
`

describe.skipIf(executablePath === undefined)('the keyboard of a phone (needs Chromium)', () => {
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    browser = await chromium.launch(executablePath === undefined ? {} : { executablePath })
  })
  afterAll(() => browser?.close())

  beforeEach(async () => {
    page = await browser.newPage()
    const script = await readFile(new URL('../../src/server/viewer/touch-keyboard.js', import.meta.url), 'utf8')
    await page.route('http://viewer.test/**', (route) =>
      route.request().url().endsWith('.js')
        ? route.fulfill({ contentType: 'text/javascript', body: script })
        : route.fulfill({ contentType: 'text/html', body }),
    )
    await page.goto('http://viewer.test/')
    await page.locator('body[data-ready]').waitFor()
    await page.getByRole('button', { name: 'Keyboard' }).click()
  })

  const typed = () => page.evaluate<string[]>('typed')
  const arrive = () => page.evaluate<void>('arrive()')

  test('is open as long as its field has the focus, and its button says so', async () => {
    const button = page.getByRole('button', { name: 'Keyboard' })
    await expect.poll(() => button.getAttribute('aria-pressed')).toBe('true')
    await button.click()
    await expect.poll(() => button.getAttribute('aria-pressed')).toBe('false')
  })

  test('types what comes into the field, and what came on the way goes as one', async () => {
    await page.keyboard.insertText('H')
    await page.keyboard.insertText('é')
    await page.keyboard.insertText('漢\n')
    expect(await typed()).toEqual(['H'])
    await arrive()
    await expect.poll(typed).toEqual(['H', 'é漢\n'])
  })

  test('a word that the phone corrects is deleted and typed anew', async () => {
    await page.keyboard.insertText('teh')
    await page.evaluate(`{
      const field = document.getElementById('field')
      field.value = field.value.replace(/teh$/, 'the')
      field.dispatchEvent(new InputEvent('input'))
    }`)
    await arrive()
    await expect.poll(typed).toEqual(['teh', '\b\bhe'])
  })

  test('deletes what the guest has and the field does not know of, as often as it is asked to', async () => {
    for (let count = 0; count < 40; count += 1) {
      await page.keyboard.press('Backspace')
    }
    await arrive()
    await expect.poll(async () => (await typed()).join('')).toBe('\b'.repeat(40))
  })
})
