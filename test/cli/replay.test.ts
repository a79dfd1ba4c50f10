import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addReplayCommand, takeOptions } from '../../src/cli/replay/command.ts'
import { list } from '../../src/cli/replay/list.ts'
import { checkId, findState } from '../../src/cli/replay/states.ts'
import { storeFolder } from '../../src/snapshots/cache.ts'
import { Store } from '../../src/snapshots/store.ts'

const key = '0123456789abcdef'
let cache: string

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'osrun replay '))
})

afterEach(async () => {
  await rm(cache, { recursive: true, force: true })
})

async function publish(id: string, folder: string, second: number): Promise<void> {
  const draft = await new Store(storeFolder(folder, 'wine', key)).draft()
  await writeFile(join(draft.folder, 'ram'), 'memory')
  const ram = { name: 'ram', size: 6 }
  const failure = { file: 'a.test.ts', test: `suite > fails\u001b[2J ${second}`, network: 'isolated' } as const
  await draft.publish(
    {
      ...{ format: 1, guest: 'wine', name: `failure-${id}`, key, id: key, memoryMiB: 1, failure },
      createdAt: `2026-01-02T03:04:0${second}.000Z`,
      ...{ ram, state: ram, overlay: ram, layers: [] },
    },
    false,
  )
}

async function listed(json = false): Promise<string> {
  const stdout = new PassThrough()
  expect(await list({ cache, json, stdout })).toBe(0)
  stdout.end()
  return text(stdout)
}

test('states are listed with test, time and size, those of machines in containers too, and nothing steers the terminal', async () => {
  expect(await listed()).toMatch(/^There are no states of failed tests in .*\.\n.*osrun replay --cache <folder>\n$/s)
  await publish('aaaaaaaa', cache, 1)
  await publish('bbbbbbbb', join(cache, 'docker'), 2)
  expect((await listed()).replace(/\d+\.\d KiB/g, '16.0 KiB')).toMatchInlineSnapshot(`
    "ID        WHEN              SIZE      GUEST  TEST
    bbbbbbbb  2026-01-02 03:04  16.0 KiB  wine   a.test.ts > suite > fails\\x1b[2J 2
    aaaaaaaa  2026-01-02 03:04  16.0 KiB  wine   a.test.ts > suite > fails\\x1b[2J 1

    Open one with \`osrun replay <id>\`.
    "
  `)
  expect(JSON.parse(await listed(true))).toMatchObject([
    { id: 'bbbbbbbb', runtime: 'docker' },
    {
      ...{ id: 'aaaaaaaa', runtime: 'host', file: 'a.test.ts', test: 'suite > fails\u001b[2J 1', guest: 'wine', key },
      ...{ createdAt: '2026-01-02T03:04:01.000Z', size: expect.any(Number) },
    },
  ])
})

test('an id is that of the evidence, or the name of the snapshot', () => {
  expect([checkId('1a2b3c4d'), checkId('failure-1a2b3c4d')]).toEqual(['1a2b3c4d', '1a2b3c4d'])
  for (const odd of ['1a2b3c4', '1A2B3C4D', '../1a2b3c4d', '']) {
    expect(() => checkId(odd)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
  }
})

describe('behind the id', () => {
  function replaying(): Command {
    const program = new Command().enablePositionalOptions()
    addReplayCommand(program, '0.0.0')
    return program.commands[0] as Command
  }

  test.each([
    [[], []],
    [['--pause'], []],
    [
      ['--pause', 'dir /s', '-v'],
      ['dir /s', '-v'],
    ],
    [['ver'], ['ver']],
    [['-pv', '--', '-x'], ['-x']],
  ])('%j has options up to the command, which is %j', (behind, words) => {
    const command = replaying()
    expect(takeOptions(command, behind)).toEqual(words)
    expect(command.opts()['pause'] ?? false).toBe(/^-(-pause|pv)$/.test(behind[0] ?? ''))
  })

  test('an option that there is not is named', () => {
    expect(() => takeOptions(replaying(), ['--puase', 'ver'])).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(/got --puase\.$/) }),
    )
  })
})

test('for a state that is gone, those that there are are named', async () => {
  await publish('aaaaaaaa', cache, 1)
  await expect(findState('bbbbbbbb', cache)).rejects.toMatchObject({
    code: 'SNAPSHOT_NOT_FOUND',
    message: expect.stringMatching(/^There is no state "bbbbbbbb" in .*\. States: aaaaaaaa\. Older ones go/),
  })
})
