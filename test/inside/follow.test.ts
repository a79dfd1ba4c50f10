import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, test, vi } from 'vitest'
import { type Followed, follow } from '../../src/inside/follow.ts'
import { digestOf } from '../../src/inside/guest/project-files.ts'
import { readManifest } from '../../src/inside/travelling-files.ts'
import { temporaryProject } from './project.ts'

function guest() {
  const heard: string[] = []
  const refused: { path: string; message: string }[] = []
  return {
    heard,
    refused,
    sent: 0,
    async say(header: Readonly<Record<string, unknown>>, body?: Uint8Array) {
      heard.push([header['type'], header['path'], body && Buffer.from(body).toString()].filter(Boolean).join(' '))
      this.sent += body?.length ?? 0
    },
    async edited() {
      heard.push('edited')
      return refused.splice(0)
    },
  }
}

function keyboard(isTTY: boolean) {
  const raw: boolean[] = []
  return { raw, stdin: Object.assign(new PassThrough(), { isTTY, setRawMode: (on: boolean) => raw.push(on) }) }
}

/** Follows a project in which nothing is sent yet, unless it is `known`. */
function followed(root: string, given: Partial<Followed> = {}) {
  const said: string[] = []
  const interrupts: true[] = []
  const all: Followed = {
    ...{ root, include: [], known: new Map(), stdin: keyboard(false).stdin },
    dependencies: async () => 'the same',
    bringBack: async () => {},
    interrupt: () => interrupts.push(true),
    say: (line) => said.push(line),
    ...given,
  }
  return { said, interrupts, all }
}

test('what is edited, made and removed here goes on into the guest, and nothing else', async () => {
  await using project = await temporaryProject({ 'src/a.ts': 'one', 'src/b.ts': 'two', '.gitignore': 'dist' })
  const link = guest()
  const { files } = await readManifest(project.folder)
  const { all, said } = followed(project.folder, { known: new Map(files.map(({ path, digest }) => [path, digest])) })
  const following = await follow(link, all)
  try {
    await project.write('src/a.ts', 'edited')
    await vi.waitFor(() => expect(link.heard).toEqual(['write src/a.ts edited', 'edited']), 5000)
    expect(said).toEqual(['1 file sent (6 bytes)'])
    link.heard.length = 0
    await mkdir(join(project.folder, 'src/new'))
    await project.write('src/new/c.ts', 'three')
    await vi.waitFor(() => expect(link.heard).toEqual(['write src/new/c.ts three', 'edited']), 5000)
    await project.write('src/new/c.ts', 'four')
    await vi.waitFor(() => expect(link.heard.slice(2)).toEqual(['write src/new/c.ts four', 'edited']), 5000)
    await project.write('dist/built.js', 'built')
    await rm(join(project.folder, 'src/b.ts'))
    await vi.waitFor(() => expect(link.heard.slice(4)).toEqual(['remove src/b.ts', 'edited']), 5000)
  } finally {
    await following.stop()
  }
})

test('keys go to Vitest, Ctrl-C does not, and the terminal comes back', async () => {
  await using project = await temporaryProject({ 'a.ts': 'one' })
  const link = guest()
  const { stdin, raw } = keyboard(true)
  const { all, interrupts } = followed(project.folder, { stdin })
  const following = await follow(link, all)
  stdin.write('r')
  await vi.waitFor(() => expect(link.heard).toEqual(['keys r']))
  stdin.write('\u0003')
  await vi.waitFor(() => expect(interrupts).toHaveLength(1))
  expect(link.heard).toHaveLength(1)
  await following.stop()
  await following.stop()
  expect(raw[0]).toBe(true)
  expect(raw.at(-1)).toBe(false)
})

test('an edit that cannot travel is said, and the next one goes on', async () => {
  await using project = await temporaryProject({ 'a.ts': 'one' })
  const link = guest()
  const { all, said } = followed(project.folder)
  const following = await follow(link, all)
  try {
    await project.write('aux.ts', 'device')
    await vi.waitFor(() => expect(said[0]).toContain('Windows cannot have a file named "aux.ts"'), 5000)
    await rm(join(project.folder, 'aux.ts'))
    await vi.waitFor(() => expect(link.heard).toEqual(['write a.ts one', 'edited']), 5000)
  } finally {
    await following.stop()
  }
})

test('a file that a test holds in the guest goes there when the tests have ended', async () => {
  await using project = await temporaryProject({ 'a.ts': 'one' })
  const link = guest()
  const { all, said } = followed(project.folder)
  const following = await follow(link, all)
  try {
    link.refused.push({ path: 'a.ts', message: 'EBUSY' })
    await project.write('a.ts', 'two')
    await vi.waitFor(() => expect(said[1]).toMatch(/^a.ts could not be written in the guest, .*EBUSY$/), 5000)
    link.heard.length = 0
    following.rested()
    await vi.waitFor(() => expect(link.heard).toEqual(['write a.ts two', 'edited']), 5000)
    link.heard.length = 0
    following.rested()
    following.rested()
  } finally {
    await following.stop()
  }
  expect(link.heard).toEqual([])
})

test('what a run wrote is brought back when it has ended, and is no edit of this computer', async () => {
  await using project = await temporaryProject({ 'a.ts': 'one' })
  const link = guest()
  const known = new Map<string, string>()
  const bringBack = vi.fn(async () => {
    known.set('made.txt', digestOf(Buffer.from('made')))
    await project.write('made.txt', 'made')
  })
  const following = await follow(link, followed(project.folder, { known, bringBack }).all)
  try {
    following.rested()
    await vi.waitFor(() => expect(bringBack).toHaveBeenCalledOnce())
    await project.write('a.ts', 'two')
    await vi.waitFor(() => expect(link.heard).toEqual(['write a.ts two', 'edited']), 5000)
  } finally {
    await following.stop()
  }
})

test('other dependencies ask for a new start, once', async () => {
  await using project = await temporaryProject({ 'package-lock.json': '{}' })
  const { all, said } = followed(project.folder, {
    dependencies: async () => readFile(join(project.folder, 'package-lock.json'), 'utf8'),
  })
  const following = await follow(guest(), all)
  try {
    await project.write('package-lock.json', '{ "lockfileVersion": 3 }')
    await vi.waitFor(() => expect(said.at(-1)).toMatch(/^the dependencies have changed: end this run/), 5000)
    const before = said.length
    await project.write('a.ts', 'one')
    await vi.waitFor(() => expect(said.slice(before)).toEqual(['1 file sent (3 bytes)']), 5000)
  } finally {
    await following.stop()
  }
})
