import { execa } from 'execa'
import { expect, test } from 'vitest'
import { askOnTerminal } from '../../../src/runtime/requirements/ask.ts'

const program = new URL('ask.program.ts', import.meta.url)
const script = await execa('script', ['--version'], { reject: false })
const hasTerminal = !script.failed && script.stdout.includes('util-linux')

test.skipIf(!hasTerminal).each([
  ['\r', true],
  ['y\r', true],
  ['YES\r', true],
  ['n\r', false],
  ['what?\r', false],
  ['\u0003', false],
  ['\u0004', false],
])('on a terminal %j means %s (skipped without script of util-linux)', async (keys, expected) => {
  expect(await answerTo(keys)).toContain(`answer: ${expected}`)
})

test('without a terminal it goes on and says so', async () => {
  const lines: string[] = []
  expect(await askOnTerminal((line) => lines.push(line))('Install?')).toBe(true)
  expect(lines).toEqual(['There is no terminal to ask on: going on.'])
})

// script gives the program a terminal of its own.
async function answerTo(keys: string): Promise<string> {
  const command = `'${process.execPath}' '${program.pathname}'`
  const child = execa('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { CI: '' },
    reject: false,
    timeout: 20_000,
  })
  let seen = ''
  child.stdout.on('data', (chunk) => {
    const asked = seen.includes('[Y/n]')
    seen += String(chunk)
    if (!asked && seen.includes('[Y/n]')) {
      child.stdin.write(keys)
    }
  })
  return (await child).stdout
}
