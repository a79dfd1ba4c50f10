import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, test, vi } from 'vitest'
import { follow } from '../../src/inside/follow.ts'
import { readManifest } from '../../src/inside/travelling-files.ts'
import { temporaryProject } from './project.ts'

function guest() {
  const heard: string[] = []
  return {
    heard,
    async say(header: Readonly<Record<string, unknown>>, body?: Uint8Array) {
      heard.push([header['type'], header['path'], body && Buffer.from(body).toString()].filter(Boolean).join(' '))
    },
  }
}

function keyboard(isTTY: boolean) {
  const raw: boolean[] = []
  return { raw, stdin: Object.assign(new PassThrough(), { isTTY, setRawMode: (on: boolean) => raw.push(on) }) }
}

test('what is edited, made and removed here goes on into the guest, and nothing else', async () => {
  await using project = await temporaryProject({ 'src/a.ts': 'one', 'src/b.ts': 'two', '.gitignore': 'dist' })
  const link = guest()
  const { stdin } = keyboard(false)
  const { files } = await readManifest(project.folder)
  const known = new Map(files.map(({ path, digest }) => [path, digest]))
  const stop = await follow(link, { root: project.folder, include: [], known, stdin, say: () => {} })
  try {
    await project.write('src/a.ts', 'edited')
    await vi.waitFor(() => expect(link.heard).toEqual(['write src/a.ts edited']), 5000)
    link.heard.length = 0
    await mkdir(join(project.folder, 'src/new'))
    await project.write('src/new/c.ts', 'three')
    await vi.waitFor(() => expect(link.heard).toEqual(['write src/new/c.ts three']), 5000)
    await project.write('src/new/c.ts', 'four')
    await vi.waitFor(() => expect(link.heard.slice(1)).toEqual(['write src/new/c.ts four']), 5000)
    await project.write('dist/built.js', 'built')
    await rm(join(project.folder, 'src/b.ts'))
    await vi.waitFor(() => expect(link.heard.slice(2)).toEqual(['remove src/b.ts']), 5000)
  } finally {
    await stop()
  }
})

test('keys go to Vitest, and the terminal comes back', async () => {
  await using project = await temporaryProject({ 'a.ts': 'one' })
  const link = guest()
  const { stdin, raw } = keyboard(true)
  const stop = await follow(link, { root: project.folder, include: [], known: new Map(), stdin, say: () => {} })
  stdin.write('r')
  await vi.waitFor(() => expect(link.heard).toEqual(['keys r']))
  await stop()
  await stop()
  expect(raw[0]).toBe(true)
  expect(raw.at(-1)).toBe(false)
})

test('an edit that cannot travel is said, and the next one goes on', async () => {
  await using project = await temporaryProject({ 'a.ts': 'one' })
  const link = guest()
  const said: string[] = []
  const { stdin } = keyboard(false)
  const stop = await follow(link, {
    ...{ root: project.folder, include: [], known: new Map(), stdin },
    say: (line) => said.push(line),
  })
  try {
    await project.write('aux.ts', 'device')
    await vi.waitFor(() => expect(said[0]).toContain('Windows cannot have a file named "aux.ts"'), 5000)
    await rm(join(project.folder, 'aux.ts'))
    await vi.waitFor(() => expect(link.heard).toEqual(['write a.ts one']), 5000)
  } finally {
    await stop()
  }
})
