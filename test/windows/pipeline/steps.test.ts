import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { Artifacts } from '../../../src/windows/pipeline/artifacts.ts'
import { Steps } from '../../../src/windows/pipeline/steps.ts'

let folder: string
let ran: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'install steps '))
  ran = []
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
})

function begin(signal = new AbortController().signal) {
  const heard: string[] = []
  const artifacts = new Artifacts(folder)
  const steps = new Steps({
    artifacts,
    signal,
    onStep: (step, reused) => heard.push(`${step}${reused ? ' again' : ''}`),
  })
  return { steps, artifacts, heard }
}

function step(name: string, inputs: readonly unknown[] = [], content = name) {
  return {
    name,
    inputs,
    async make(draft: string) {
      ran.push(name)
      await writeFile(join(draft, 'made'), content)
      return { length: content.length }
    },
  }
}

async function three(inputs: readonly unknown[] = []) {
  const { steps, heard } = begin()
  await steps.run(step('media'))
  await steps.run(step('apply', inputs))
  const last = await steps.run(step('logon'))
  return { last, heard, made: steps.made }
}

test('each step runs once and leaves its files and its result', async () => {
  const { last, heard } = await three()
  expect(ran).toEqual(['media', 'apply', 'logon'])
  expect(heard).toEqual(['media', 'apply', 'logon'])
  expect(last.result).toEqual({ length: 5 })
  expect(await readFile(join(last.folder, 'made'), 'utf8')).toBe('logon')
})

test('a second installation with the same inputs takes what is there', async () => {
  const first = await three()
  ran = []
  const second = await three()
  expect(ran).toEqual([])
  expect(second.heard).toEqual(['media again', 'apply again', 'logon again'])
  expect(second.last).toEqual(first.last)
})

test('an edit runs its step and those after it, and no other', async () => {
  await three()
  ran = []
  await three(['another script'])
  expect(ran).toEqual(['apply', 'logon'])
})

test('a step that fails leaves nothing of its own, and the next try goes on from it', async () => {
  const { steps } = begin()
  await steps.run(step('media'))
  const failing = {
    ...step('apply'),
    async make(draft: string) {
      await writeFile(join(draft, 'half'), 'h')
      throw new Error('no image')
    },
  }
  await expect(steps.run(failing)).rejects.toThrow('no image')
  expect((await readdir(folder)).map((name) => name.split('-')[0])).toEqual(['media'])
  ran = []
  await three()
  expect(ran).toEqual(['apply', 'logon'])
})

test('a file that was cut since makes its step run again', async () => {
  const { made } = await three()
  await truncate(join(made[1]?.folder ?? '', 'made'), 1)
  ran = []
  const { heard } = await three()
  expect(ran).toEqual(['apply'])
  expect(heard).toEqual(['media again', 'apply', 'logon again'])
})

test('a note that is damaged makes its step run again', async () => {
  const { made } = await three()
  await writeFile(join(made[0]?.folder ?? '', 'artifact.json'), '{"step":"media"')
  ran = []
  await three()
  expect(ran).toEqual(['media'])
})

test('a canceled installation begins no further step, and takes those that are there', async () => {
  await three()
  const { steps } = begin(AbortSignal.abort())
  await steps.run(step('media'))
  await expect(steps.run(step('apply', ['edited']))).rejects.toMatchObject({
    code: 'CANCELED',
    message: expect.stringContaining('"apply"'),
  })
})

test('what a killed installation left is removed, and what it had finished is not', async () => {
  const script = `
    const { Artifacts } = await import(${JSON.stringify(new URL('../../../src/windows/pipeline/artifacts.ts', import.meta.url).href)})
    const { Steps } = await import(${JSON.stringify(new URL('../../../src/windows/pipeline/steps.ts', import.meta.url).href)})
    const { writeFileSync } = await import('node:fs')
    const steps = new Steps({ artifacts: new Artifacts(process.argv[1]), signal: new AbortController().signal, onStep() {} })
    const step = (name, make) => ({ name, inputs: [], make })
    await steps.run(step('media', async (draft) => { writeFileSync(draft + '/made', 'media'); return { length: 5 } }))
    await steps.run(step('apply', async (draft) => { writeFileSync(draft + '/half', 'h'); process.kill(process.pid, 'SIGKILL') }))
  `
  const child = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, folder])
  await expect(child).rejects.toMatchObject({ signal: 'SIGKILL' })
  expect((await readdir(folder)).filter((name) => name.startsWith('.draft-'))).toHaveLength(1)
  await begin().artifacts.collect('all')
  expect((await readdir(folder)).map((name) => name.split('-')[0])).toEqual(['media'])
  await three()
  expect(ran).toEqual(['apply', 'logon'])
})

test('what other inputs made goes when it is not kept', async () => {
  await three(['old'])
  const { made } = await three(['new'])
  await begin().artifacts.collect(made)
  expect((await readdir(folder)).sort()).toEqual(made.map((each) => `${each.step}-${each.key}`).sort())
})
