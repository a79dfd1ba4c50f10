import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test as base } from 'vitest'
import type { Progress } from '../../../src/protocol/messages.ts'
import { readHosts } from '../../../src/windows/acquire/hosts.ts'
import { Web } from '../../../src/windows/acquire/web.ts'
import { StandInWeb } from './stand-in-web.ts'

/** Nothing of a test waits for long; whatever answers at all is not taken for a stall on a busy computer. */
export const patience = { stall: 20_000, retry: 1 }
export const pace = { another: 2, same: 1 }

/** The servers that a test may ask, and a folder of its own. */
export const test = base.extend<{
  web: StandInWeb
  folder: string
  progress: Progress[]
  asking: { web: Web; onProgress: (progress: Progress) => void }
}>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads it
  web: async ({}, use) => {
    await using web = await StandInWeb.start()
    await use(web)
  },
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads it
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'osrun media '))
    await use(folder)
    await rm(folder, { recursive: true, force: true })
  },
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads it
  progress: async ({}, use) => {
    await use([])
  },
  asking: async ({ web, progress }, use) => {
    const hosts = readHosts(web.hosts('files.example', 'other.example'))
    const asking = new Web(hosts, {}, patience)
    await use({ web: asking, onProgress: (each) => void progress.push(each) })
    await asking.close()
  },
})
