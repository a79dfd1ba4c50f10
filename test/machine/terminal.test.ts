import type { Readable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { withMachine } from './with-machine.ts'
import { program } from './with-program.ts'

const given = withMachine('test/machine/terminal.test.ts')
const size = { columns: 80, rows: 25 }

/** What a terminal was sent so far, without its control sequences. */
function listen(output: Readable): { readonly text: string; until(pattern: RegExp): Promise<void> } {
  let raw = ''
  output.on('data', (piece: Buffer) => {
    raw += piece.toString()
  })
  return {
    get text() {
      return stripVTControlCharacters(raw)
    },
    async until(pattern) {
      await expect.poll(() => this.text, { timeout: 60_000 }).toMatch(pattern)
    },
  }
}

describe('a terminal', () => {
  test('shows a prompt, echoes what is typed, runs it, and passes the exit code on', async () => {
    const process = given.win.spawn('cmd', { shell: false, tty: size, reject: false })
    const screen = listen(process.stdout)
    await screen.until(/C:\\[^>]*>/)
    process.stdin.write('echo in a terminal\r')
    await screen.until(/>echo in a terminal[\s\S]*in a terminal[\s\S]*>/)
    process.stdin.write('exit 7\r')
    expect(await process).toMatchObject({ exitCode: 7, stderr: '' })
  })

  test('has the size that it was given, and takes another', async () => {
    const process = given.win.spawn([program, 'size'], { tty: { columns: 100, rows: 30 } })
    const screen = listen(process.stdout)
    await screen.until(/\[100x30\]/)
    await process.resize(132, 43)
    process.stdin.write('\r')
    await screen.until(/\[132x43\]/)
    await process.kill()
  })

  test('passes Ctrl-C on to what runs in it', async () => {
    const process = given.win.spawn('cmd', { shell: false, tty: size, reject: false })
    const screen = listen(process.stdout)
    await screen.until(/>/)
    process.stdin.write('ping -n 100 127.0.0.1\r')
    await screen.until(/(Reply|Pinging|Ping)[\s\S]*127\.0\.0\.1/)
    process.stdin.write('\x03')
    process.stdin.write('echo after %ERRORLEVEL%x\r')
    await screen.until(/after -?\d+x/)
    process.stdin.write('exit\r')
    await process
  })

  test('ends with its tree when it is killed', async () => {
    const process = given.win.spawn([program, 'tree', '2'], { tty: size, reject: false })
    await listen(process.stdout).until(/1/)
    await process.kill()
    expect(await process).toMatchObject({ isTerminated: true })
    expect((await given.win.run('tasklist')).stdout).not.toContain('program.exe')
  })
})

test('a command without a terminal has pipes', async () => {
  expect((await given.win.run([program, 'size'], { reject: false })).stdout).not.toBe('[80x25]')
})
