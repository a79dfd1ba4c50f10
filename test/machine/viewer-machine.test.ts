import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OsrunServer, startServer, type Win } from '../../src/client/index.ts'
import { savedText } from './notepad.ts'
import { findBarriers, overhang, withBrowser, withoutBrowser } from './with-browser.ts'

const patience = { timeout: 60_000 }

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

describe.skipIf(withoutBrowser !== undefined)('the page of one machine (needs Chromium)', () => {
  const given = withBrowser()
  let server: OsrunServer
  let win: Win

  beforeAll(async () => {
    server = await startServer({ machines: 2 })
    win = await server.acquire({ label: 'test/one.test.ts' })
  })

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
  })

  async function open(url = win.viewerUrl): Promise<void> {
    await given.page.goto(url)
    await given.page.locator('#screen[data-shown="live"]').waitFor(patience)
  }

  // Its mark of UTF-8 keeps Notepad from asking how to save what no old code page has.
  const empty = '\ufeff'

  /** Notepad with an empty file, in front. */
  async function openNotepad(file: string): Promise<void> {
    await win.writeFile(file, empty)
    const before = await win.screenshot()
    await win.run(`start notepad ${file}`)
    const isThere = async () => !Buffer.from((await win.screenshot()).png).equals(Buffer.from(before.png))
    await expect.poll(isThere, { ...patience, interval: 1000 }).toBe(true)
    await expect.poll(isStill, { ...patience, interval: 1000 }).toBe(true)
  }

  let last = Buffer.alloc(0)
  async function isStill(): Promise<boolean> {
    const now = Buffer.from((await win.screenshot()).png)
    const still = now.equals(last)
    last = now
    return still
  }

  const saved = (file: string) => savedText(win, file, Buffer.byteLength(empty))

  /** The guest polls its keyboard: who types faster than a person loses keys. */
  async function press(...keys: string[]): Promise<void> {
    for (const key of keys) {
      await given.page.keyboard.press(key)
      await delay(150)
    }
  }

  test('typing reaches Notepad, and Tab too; Ctrl+Alt+M leaves', async () => {
    await open()
    await openNotepad('C:\\typed.txt')
    await given.page.locator('#screen canvas').focus()
    await press('Shift+H', ...'ello', 'Tab', ...'viewer', 'Shift+1', 'Control+s')
    await expect.poll(() => saved('C:\\typed.txt'), { ...patience, interval: 1000 }).toBe('\ufeffHello\tviewer!')
    await given.page.keyboard.press('Control+Alt+m')
    await expect.poll(focused, patience).toBe('fit')
    await given.page.keyboard.press('Tab')
    expect(await focused()).toBe('full-size')
    await win.run('taskkill /f /im notepad.exe')
  })

  function focused(): Promise<string> {
    return given.page.evaluate<string>('document.activeElement.id')
  }

  test('text is typed as characters, whatever keys there are', async () => {
    await open()
    await openNotepad('C:\\pasted.txt')
    await given.page.getByText('Type text').click()
    await given.page.getByRole('textbox').fill('Привет, 漢字\nand é')
    await given.page.getByRole('button', { name: 'Type it' }).click()
    await given.page.getByRole('status').getByText('16 characters were typed').waitFor(patience)
    await given.page.locator('#screen canvas').focus()
    await press('Control+s')
    await expect
      .poll(() => saved('C:\\pasted.txt'), { ...patience, interval: 1000 })
      .toBe('\ufeffПривет, 漢字\r\nand é')
    await given.page.getByText('Send keys').click()
    await given.page.getByRole('button', { name: 'Alt+F4' }).click()
    await expect.poll(async () => (await win.run('tasklist')).stdout, patience).not.toContain('notepad')
  })

  test('text goes into the guest’s clipboard, and comes out of it', async () => {
    await open()
    const { page } = given
    const copied = async () => {
      await page.getByRole('button', { name: 'Copy the guest’s clipboard' }).click()
      return page.locator('#copied-text').inputValue()
    }
    await openNotepad('C:\\clipboard.txt')
    await page.getByText('Type text').click()
    await page.getByRole('textbox').fill('Привет, 漢字')
    await page.getByRole('button', { name: 'Put it into the clipboard' }).click()
    await page.getByRole('status').getByText('10 characters are in the guest’s clipboard').waitFor(patience)
    await page.locator('#screen canvas').focus()
    await press('Control+v', 'Control+s')
    await expect.poll(() => saved('C:\\clipboard.txt'), { ...patience, interval: 1000 }).toBe('\ufeffПривет, 漢字')

    await page.locator('#screen canvas').focus()
    await press('Shift+1', 'Shift+1', 'Control+a', 'Control+c')
    await page.getByText('Copy text').click()
    await expect.poll(copied, { ...patience, interval: 2000 }).toBe('Привет, 漢字!!')
    await page.locator('#copied', { hasText: /^12 characters/ }).waitFor(patience)
    await win.run('taskkill /f /im notepad.exe')
  })

  test('the picture fits, or is as large as the screen, and can be saved', async () => {
    await open()
    const canvas = given.page.locator('#screen canvas')
    const width = async () => (await canvas.boundingBox())?.width ?? 0
    await expect.poll(width, patience).toBeLessThan(1000)
    await given.page.getByRole('button', { name: '1:1' }).click()
    await expect.poll(width, patience).toBe(1024)
    await given.page.getByRole('button', { name: 'Fit' }).click()
    await expect.poll(width, patience).toBeLessThan(1000)
    const [download] = await Promise.all([
      given.page.waitForEvent('download'),
      given.page.getByRole('button', { name: 'Save picture' }).click(),
    ])
    const png = await readFile(await download.path())
    expect(download.suggestedFilename()).toMatch(/^osrun-m\d+-.*\.png$/)
    expect(png.readUInt32BE(16)).toBe(1024)
    expect(png.readUInt32BE(20)).toBe(768)
  })

  test('the picture is the one of the machine that a restore put in its place', async () => {
    await open()
    await openNotepad('C:\\replaced.txt')
    await win.restore()
    await given.page.locator('#screen[data-shown="live"]').waitFor(patience)
    await given.page.locator('#state', { hasText: 'running' }).waitFor(patience)
    await openNotepad('C:\\after.txt')
    await given.page.locator('#screen canvas').focus()
    await press(...'new', 'Control+s')
    await expect.poll(() => saved('C:\\after.txt'), { ...patience, interval: 1000 }).toBe('\ufeffnew')
  })

  test('can be used by everybody: by ear, and on a small window too', async () => {
    await open()
    await given.page
      .getByRole('status')
      .getByText(/^Machine m\d+: running$/)
      .waitFor(patience)
    await given.page.getByRole('application', { name: /^Screen of machine m\d+$/ }).waitFor(patience)
    expect(await given.page.locator('#tools').ariaSnapshot()).toMatchInlineSnapshot(`
      "- region "Tools":
        - group "Size of the picture":
          - text: Size of the picture
          - button "Fit" [pressed]
          - button "1:1"
        - button "Full screen"
        - button "Save picture"
        - group: Type text
        - group: Copy text
        - group: Send keys"
    `)
    await given.page.getByText('Send keys').click()
    expect(await findBarriers(given.page)).toEqual([])
    await given.page.setViewportSize({ width: 320, height: 640 })
    await given.page.getByText('Type text').click()
    expect(await overhang(given.page)).toBeLessThanOrEqual(0)
    expect(await findBarriers(given.page)).toEqual([])
    await given.page.getByRole('button', { name: '1:1' }).click()
    expect(await overhang(given.page)).toBeLessThanOrEqual(0)
  })

  test('on a phone: a tap opens the machine and clicks in it, the phone’s keyboard types, two fingers leave the picture’s size', async () => {
    await given.takePhone()
    const { page } = given
    const typed = hearTyped(page)
    await openNotepad('C:\\touched.txt')
    await page.goto(server.viewerUrl)
    await page
      .locator('.tile', { hasText: 'test/one.test.ts' })
      .locator('.picture')
      .tap({ force: true, ...patience })
    await page.locator('#screen[data-shown="live"]').waitFor(patience)

    await page.getByRole('button', { name: 'Keyboard' }).tap()
    await page.getByRole('button', { name: 'Keyboard', pressed: true }).waitFor(patience)
    // A word that the phone corrects is deleted and typed anew.
    await page.keyboard.insertText('Hallo')
    for (let count = 0; count < 4; count += 1) {
      await page.keyboard.press('Backspace')
    }
    await page.keyboard.insertText('é, 漢\n')
    // Ctrl held meanwhile would make other keys of what is being typed.
    await expect.poll(typed, patience).toBe('Hallo\b\b\b\bé, 漢\n')
    await win.keyboard.press('Control+S')
    await expect.poll(() => saved('C:\\touched.txt'), { ...patience, interval: 1000 }).toBe('\ufeffHé, 漢\r\n')

    const box = (await page.locator('#screen canvas').boundingBox()) ?? expect.fail('no screen')
    expect(box.width).toBeLessThan(390)
    await pinch(box)
    expect(await page.locator('#screen canvas').boundingBox()).toEqual(box)
    expect(await page.evaluate<number>('visualViewport.scale')).toBe(1)
    expect(await overhang(page)).toBeLessThanOrEqual(0)
    expect(await findBarriers(page)).toEqual([])

    const window = async () => (await win.windows()).find(({ title }) => title === 'touched.txt - Notepad')
    const { x, y, width } = (await window()) ?? expect.fail('no window')
    const scale = box.width / 1024
    await page.touchscreen.tap(box.x + (x + width - 13) * scale, box.y + (y + 16) * scale)
    await expect.poll(window, patience).toBeUndefined()
    expect(await focused()).toBe('touch-text')
  })

  /** What a page of a machine has had typed so far, as much of it as the guest has. */
  function hearTyped(page: Page): () => string {
    const asked = new Map<number, string>()
    let typed = ''
    page.on('websocket', (socket) => {
      socket.on('framesent', ({ payload }) => {
        const { id, method, params } = typeof payload === 'string' ? JSON.parse(payload) : {}
        if (method === 'type') {
          asked.set(id, params.text)
        }
      })
      socket.on('framereceived', ({ payload }) => {
        const { id, result } = typeof payload === 'string' ? JSON.parse(payload) : {}
        typed += result === null ? (asked.get(id) ?? '') : ''
      })
    })
    return () => typed
  }

  /** Two fingers that go apart in the middle of a box. */
  async function pinch({ x, y, width, height }: Box): Promise<void> {
    const devtools = await given.page.context().newCDPSession(given.page)
    const fingers = (apart: number) => [-1, 1].map((side) => ({ x: x + width / 2 + side * apart, y: y + height / 2 }))
    await devtools.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: fingers(20) })
    for (const apart of [40, 60, 80, 100, 120]) {
      await devtools.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: fingers(apart) })
    }
    await devtools.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  }

  test('says that the machine has ended, and keeps its last picture', async () => {
    const short = await server.acquire({ label: 'test/short.test.ts' })
    await open(short.viewerUrl)
    await short[Symbol.asyncDispose]()
    await given.page.getByRole('alert').getByText('has ended: it was given back').waitFor(patience)
    await given.page.locator('#screen[data-shown="last"] canvas').waitFor(patience)
    await given.page.reload()
    await given.page.getByRole('alert').getByText('There is no machine').waitFor(patience)
    expect(await findBarriers(given.page)).toEqual([])
    await given.page.getByRole('link', { name: 'All machines' }).click()
    await given.page.getByRole('link', { name: 'test/one.test.ts' }).waitFor(patience)
  })
})
