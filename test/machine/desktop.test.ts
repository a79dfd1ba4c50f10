import { describe, expect, test } from 'vitest'
import { guest, hasWine } from './guest.ts'
import { savedText } from './notepad.ts'
import { withMachine } from './with-machine.ts'

const given = withMachine('test/machine/desktop.test.ts')

/** Two pictures are the same picture. */
function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(Buffer.from(b))
}

/** Waits until the screen stays as it is, and is no longer as `before`. */
async function atRest(before?: Uint8Array): Promise<Uint8Array> {
  let last = before ?? new Uint8Array()
  const look = async () => {
    const { png } = await given.win.screenshot()
    const settled = same(png, last) && (before === undefined || !same(png, before))
    last = png
    return settled
  }
  await expect.poll(look, { timeout: 60_000, interval: 1000 }).toBe(true)
  return last
}

/**
 * Starts Notepad with a file, and waits until it is on the screen and stays as it is. An earlier one, just ended, goes
 * from the screen a moment after its process: that must not pass for the new one's coming.
 */
async function openNotepad(file: string): Promise<void> {
  const before = await atRest()
  await given.win.run(`start notepad ${file}`)
  await atRest(before)
}

describe('the keyboard', () => {
  test('types into Notepad, which shows it and saves it by keys', async () => {
    const { win } = given
    await win.writeFile('C:\\typed.txt', '')
    await openNotepad('C:\\typed.txt')
    const empty = await win.screenshot()
    const text = 'Hello, Windows! 0123456789\n{[(<"\\|/\'>)]} ~`@#$%^&*-_=+;:?.,\n'
    await win.keyboard.type(text)
    await expect.poll(async () => same((await win.screenshot()).png, empty.png), { timeout: 30_000 }).toBe(false)
    await win.keyboard.press('Control+S')
    await expect
      .poll(() => savedText(win, 'C:\\typed.txt', 0), { timeout: 60_000, interval: 1000 })
      .toBe(text.replaceAll('\n', '\r\n'))
    await win.keyboard.press('Alt+F4')
    await expect.poll(async () => (await win.run('tasklist')).stdout, { timeout: 60_000 }).not.toContain('notepad')
  })

  test('loses no key of a long text', async () => {
    const { win } = given
    await win.writeFile('C:\\long.txt', '')
    await openNotepad('C:\\long.txt')
    const text = Array.from({ length: 20 }, (_, line) => `line ${line}: The quick brown Fox jumps!`).join('\n')
    await win.keyboard.type(text)
    await win.keyboard.press('Control+S')
    await expect
      .poll(() => savedText(win, 'C:\\long.txt', 0), { timeout: 60_000, interval: 1000 })
      .toBe(text.replaceAll('\n', '\r\n'))
    await win.run('taskkill /f /im notepad.exe')
  })

  test('types characters that no key has', async () => {
    const { win } = given
    // Its mark of UTF-8 keeps Notepad from asking how to save what no old code page has.
    await win.writeFile('C:\\unicode.txt', '\ufeff')
    await openNotepad('C:\\unicode.txt')
    await win.keyboard.type('Привет 漢字 é')
    await win.keyboard.press('Control+S')
    await expect
      .poll(() => savedText(win, 'C:\\unicode.txt', Buffer.byteLength('\ufeff')), { timeout: 60_000, interval: 1000 })
      .toBe('\ufeffПривет 漢字 é')
    await win.run('taskkill /f /im notepad.exe')
  })
})

describe('the mouse', () => {
  test('clicks where it is told, and a double click is one', async ({ skip }) => {
    const { win } = given
    skip(!(await hasWine(win)), 'where its text begins, each version of Notepad decides anew')
    await win.writeFile('C:\\clicked.txt', 'word another')
    await openNotepad('C:\\clicked.txt')
    // Maximized, the text begins in the upper left corner below title and menu.
    const { png: small } = await win.screenshot()
    await win.keyboard.press('Alt+Space')
    await win.keyboard.press('x')
    await atRest(small)
    await win.mouse.click(20, 52, { count: 2 })
    await win.keyboard.type('X')
    await win.keyboard.press('Control+S')
    await expect
      .poll(() => savedText(win, 'C:\\clicked.txt', 'word another'.length), { timeout: 60_000, interval: 1000 })
      // Wine now and then takes a move of its own making, while the second press is held, for the pointer being dragged:
      // the selection then ends at the pointer. That it begins with the word is the double click's doing in any case.
      .toMatch(/^X(rd)? ?another$/)
    await win.run('taskkill /f /im notepad.exe')
  })

  test('does not leave the screen', async () => {
    const { win } = given
    await expect(win.mouse.move(guest.screen.width, 10)).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringContaining(String(guest.screen.width)),
    })
    await expect(win.mouse.click(-1, 0)).rejects.toMatchObject({ code: 'BAD_OPTION' })
    await win.mouse.move(1023, 767)
  })
})
