import { mkdir, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { type AcquireOptions, acquire } from '../../../src/windows/acquire/acquire.ts'
import { isoOf, sha256, wimOf } from './made-media.ts'
import { esd, esdFields, iso, offerCatalogue, offerEsd, optionsFor, professional } from './media-world.ts'
import { StandInUup } from './stand-in-uup.ts'
import { test } from './with-web.ts'

describe('sources', () => {
  test('are asked in their order, and when all fail each says why', async ({ web, folder }) => {
    await expect(acquire(professional, optionsFor(web, folder))).rejects.toMatchObject({
      code: 'MEDIUM_UNAVAILABLE',
      message:
        'No source gave a medium for win11 Professional en-us x64:\n' +
        "  catalogue: Microsoft's catalogue could not be downloaded from https://go.microsoft.com/fwlink: the server answered with status 404.\n" +
        '  pinned: Windows 11 25H2, consumer editions could not be downloaded from https://software-static.download.prss.microsoft.com/dbazure/888969d5-f34g-4e03-ac9d-1f9786c66749/26200.6584.250915-1905.25h2_ge_release_svc_refresh_CLIENT_CONSUMER_x64FRE_en-us.iso: the server answered with status 404.\n' +
        '  uup-dump: https://api.uupdump.net/listid.php could not be asked: it answered with status 404 and something else than a list\n' +
        'Give an ISO, ESD, WIM or UUP set of your own, as a path or an address: see docs/windows-media.md. What has been downloaded is kept, and the next run goes on from there.',
    })
  })

  test('that fail lead on to the next', async ({ web, folder }) => {
    new StandInUup(web, [
      {
        uuid: '11111111-ee6f-46fa-991a-e7d9520c16fc',
        title: 'Windows 11 (26200.1) amd64',
        created: 1,
        files: { 'professional_en-us.esd': wimOf({ images: 3 }) },
      },
    ])
    const medium = await acquire(professional, optionsFor(web, folder))
    expect(medium).toMatchObject({ kind: 'uup', provenance: { source: 'uup-dump' } })
    expect(web.asked.map(({ host }) => host).slice(0, 3)).toEqual([
      'go.microsoft.com',
      'software-static.download.prss.microsoft.com',
      'api.uupdump.net',
    ])
  })

  test('that are left out are not asked', async ({ web, folder }) => {
    await expect(acquire(professional, optionsFor(web, folder, { sources: ['pinned'] }))).rejects.toThrow('pinned: ')
    expect(web.asked.map(({ host }) => host)).toEqual(['software-static.download.prss.microsoft.com'])
  })

  test('that have no such product say so without asking anybody', async ({ web, folder }) => {
    const server = { ...professional, product: 'server2025', edition: 'ServerStandard' } as const
    await expect(acquire(server, optionsFor(web, folder, { sources: ['catalogue'] }))).rejects.toThrow(
      'catalogue: the catalogue has no server2025, only win11 and win10',
    )
    expect(web.asked).toEqual([])
  })
})

describe('what was acquired', () => {
  test('is found again without asking anybody, and looked for anew with `refresh`', async ({ web, folder }) => {
    offerCatalogue(web)
    offerEsd(web)
    const first = await acquire(professional, optionsFor(web, folder))
    web.asked.length = 0
    expect(await acquire(professional, optionsFor(web, folder))).toEqual(first)
    expect(web.asked).toEqual([])
    expect(await acquire(professional, optionsFor(web, folder, { refresh: true }))).toEqual(first)
    // The list is asked for; the file is there.
    expect(web.asked.map(({ host }) => host)).toEqual(['go.microsoft.com', 'download.microsoft.com'])
  })

  test('is acquired again where it was cut, grew or was removed', async ({ web, folder }) => {
    offerCatalogue(web)
    offerEsd(web)
    const first = await acquire(professional, optionsFor(web, folder))
    const file = first.kind === 'uup' ? '' : first.file
    for (const size of [esd.length - 1, esd.length + 1]) {
      await truncate(file, size)
      expect(await acquire(professional, optionsFor(web, folder))).toEqual(first)
      expect((await stat(file)).size).toBe(esd.length)
    }
    await rm(file)
    expect(await acquire(professional, optionsFor(web, folder))).toEqual(first)
    expect(web.askedFor('dl.delivery.mp.microsoft.com', new URL(esdFields.FilePath).pathname)).toHaveLength(4)
  })

  test('for another language is another', async ({ web, folder }) => {
    offerCatalogue(web)
    offerEsd(web)
    await acquire(professional, optionsFor(web, folder))
    await expect(
      acquire({ ...professional, language: 'fr-fr' }, optionsFor(web, folder, { sources: ['catalogue'] })),
    ).rejects.toThrow('the catalogue has no language fr-fr; it has en-us')
  })
})

describe("the user's own medium", () => {
  test('is used where it lies, and read once', async ({ web, folder, progress }) => {
    const path = join(folder, 'my windows.bin')
    await writeFile(path, iso)
    const options = optionsFor(web, folder, { medium: { from: path }, onProgress: (each) => progress.push(each) })
    const medium = await acquire(professional, options)
    expect(medium).toEqual({
      kind: 'iso',
      file: path,
      provenance: { source: 'own', from: path, sha256: sha256(iso), bytes: iso.length },
    })
    expect(progress).toContainEqual(expect.objectContaining({ phase: 'reading my windows.bin' }))
    progress.length = 0
    expect(await acquire(professional, options)).toEqual(medium)
    expect(progress).toEqual([])
    const other = isoOf({ salt: 'other', sectors: 61 })
    await writeFile(path, other)
    expect(await acquire(professional, options)).toMatchObject({ provenance: { sha256: sha256(other) } })
  })

  test('is checked against its digest', async ({ web, folder }) => {
    const path = join(folder, 'windows.iso')
    await writeFile(path, iso)
    const given = (digest: string) => optionsFor(web, folder, { medium: { from: path, sha256: digest } })
    expect(await acquire(professional, given(sha256(iso).toUpperCase()))).toMatchObject({ kind: 'iso' })
    await expect(acquire(professional, given('a'.repeat(64)))).rejects.toMatchObject({
      code: 'MEDIUM_DAMAGED',
      message: `Expected ${path} to have the sha256 ${'a'.repeat(64)}, it has ${sha256(iso)}.`,
    })
    await expect(acquire(professional, given('abc'))).rejects.toMatchObject({ code: 'BAD_OPTION' })
  })

  test('that is of no use is not made up for by a source', async ({ web, folder }) => {
    const path = join(folder, 'windows.iso')
    await writeFile(path, 'hello')
    await expect(acquire(professional, optionsFor(web, folder, { medium: { from: path } }))).rejects.toMatchObject({
      code: 'MEDIUM_UNUSABLE',
    })
    expect(web.asked).toEqual([])
  })

  test('may be a UUP folder, which is another one with every file', async ({ web, folder }) => {
    const set = join(folder, 'my set')
    await mkdir(set)
    await writeFile(join(set, 'metadata.esd'), wimOf({ images: 3, solid: true }))
    const options = optionsFor(web, folder, { medium: { from: set } })
    const first = await acquire(professional, options)
    expect(first).toMatchObject({ kind: 'uup', folder: set, provenance: { source: 'own', bytes: 4096 } })
    expect(await acquire(professional, options)).toEqual(first)
    await writeFile(join(set, 'a.cab'), 'MSCF')
    const second = await acquire(professional, options)
    expect(second.provenance.sha256).not.toBe(first.provenance.sha256)
    expect(await readdir(set)).toEqual(['a.cab', 'metadata.esd'])
    const digest = { from: set, sha256: 'a'.repeat(64) }
    await expect(acquire(professional, optionsFor(web, folder, { medium: digest }))).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringContaining('`sha256` goes with a file'),
    })
  })

  test('may be at an address, from which it comes once', async ({ web, folder }) => {
    web.offer('mirror.example', '/Win.iso', iso, { faults: [{ status: 503 }] })
    const options = optionsFor(web, folder, { medium: { from: 'https://mirror.example/Win.iso?key=secret' } })
    const medium = await acquire(professional, options)
    expect(medium).toMatchObject({
      kind: 'iso',
      provenance: { source: 'own', from: 'https://mirror.example/Win.iso', sha256: sha256(iso) },
    })
    expect(await acquire(professional, options)).toEqual(medium)
    expect(web.asked).toHaveLength(2)
  })

  test('at an address that leads to a page is said to be one, and not kept', async ({ web, folder }) => {
    web.offer('mirror.example', '/Win.iso', Buffer.from('<!DOCTYPE html><p>Please log in'))
    const options = optionsFor(web, folder, { medium: { from: 'https://mirror.example/Win.iso' } })
    await expect(acquire(professional, options)).rejects.toMatchObject({
      code: 'MEDIUM_UNUSABLE',
      message:
        'Expected what is at https://mirror.example/Win.iso to be an ISO, an ESD, a WIM, or a folder with a UUP set of ' +
        'Windows, but it is a web page: the address leads to a page about the medium, not to the medium.',
    })
    web.offer('mirror.example', '/Win.iso', iso)
    expect(await acquire(professional, options)).toMatchObject({ kind: 'iso' })
  })

  test('at an address is checked against its digest', async ({ web, folder }) => {
    web.offer('mirror.example', '/Win.iso', iso)
    const medium = { from: 'https://mirror.example/Win.iso', sha256: 'a'.repeat(64) }
    await expect(acquire(professional, optionsFor(web, folder, { medium }))).rejects.toMatchObject({
      code: 'MEDIUM_DAMAGED',
    })
  })
})

test('the variable names mirrors too', async ({ web, folder }) => {
  offerCatalogue(web)
  offerEsd(web)
  const { hosts, ...options } = optionsFor(web, folder)
  const variable = Object.entries(hosts ?? {}).map(([name, address]) => `${name}=${address}`)
  const environment = { OSRUN_MEDIA_HOSTS: variable.join(' ') }
  expect(await acquire(professional, { ...options, environment })).toMatchObject({ kind: 'esd' })
})

test('a folder that cannot be made is said before anything is asked', async ({ web, folder }) => {
  await writeFile(join(folder, 'file'), '')
  await expect(acquire(professional, optionsFor(web, join(folder, 'file')))).rejects.toMatchObject({
    code: 'HOST_FILE_FAILED',
  })
  expect(web.asked).toEqual([])
})

test.for([
  [{ folder: '' }, 'Expected the option `folder` in the options of acquire to be a folder'],
  [{ sources: [] }, 'to be a list with at least one of catalogue, pinned, uup-dump, got'],
  [{ sources: ['torrent'] }, 'Expected the option `sources.0` in the options of acquire to be one of catalogue'],
  [{ medium: { from: '' } }, 'Expected the option `medium.from` in the options of acquire to be a path or an address'],
  [{ medium: 'x.iso' }, 'Expected the option `medium` in the options of acquire to be an object'],
  [{ hosts: { a: 1 } }, 'Expected the option `hosts.a` in the options of acquire to be an address, got 1'],
  [{ hosts: { a: 'b' } }, 'Expected the option `hosts` to have pairs such as'],
] as const)('%j is a bad option', async ([wrong, words], { web, folder }) => {
  const options = { ...optionsFor(web, folder), ...wrong } as unknown as AcquireOptions
  const failure = await acquire(professional, options).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining(words) })
})
