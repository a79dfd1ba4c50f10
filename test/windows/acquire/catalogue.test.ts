import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, vi } from 'vitest'
import { acquire } from '../../../src/windows/acquire/acquire.ts'
import { chooseFile } from '../../../src/windows/acquire/catalogue.ts'
import type { CatalogueFile } from '../../../src/windows/acquire/catalogue-xml.ts'
import { cabinetOf, catalogueFile, productsXml, sha256 } from './made-media.ts'
import { esd, esdFields, offerCabinet, offerCatalogue, offerEsd, optionsFor, professional } from './media-world.ts'
import { test } from './with-web.ts'

const only = { sources: ['catalogue'] } as const

afterEach(() => {
  vi.unstubAllEnvs()
})

test('the file of the catalogue comes, by its links, with its digest checked', async ({ web, folder }) => {
  offerCatalogue(web)
  offerEsd(web)
  const medium = await acquire(professional, optionsFor(web, folder, only))
  expect(medium).toEqual({
    kind: 'esd',
    file: expect.stringMatching(/\/the media\/catalogue-[0-9a-f]{16}\/install\.esd$/),
    provenance: { source: 'catalogue', from: esdFields.FilePath, sha256: sha256(esd), bytes: esd.length },
  })
  expect(await readFile(medium.kind === 'uup' ? '' : medium.file)).toEqual(esd)
  expect(web.asked.map(({ host, path }) => `${host}${path}`)).toEqual([
    'go.microsoft.com/fwlink?linkid=2156292',
    'download.microsoft.com/download/1/products.cab',
    'dl.delivery.mp.microsoft.com/filestreamingservice/files/1/new.esd',
  ])
})

test('Windows 10 has a catalogue of its own', async ({ web, folder }) => {
  offerCatalogue(web)
  offerEsd(web)
  await acquire({ ...professional, product: 'win10' }, optionsFor(web, folder, only))
  expect(web.asked[0]?.path).toBe('/fwlink/?LinkId=841361')
})

describe('of several files', () => {
  const file = (fields: Partial<CatalogueFile>): CatalogueFile => ({
    name: '26100.1.x.esd',
    language: 'en-us',
    edition: 'Professional',
    architecture: 'x64',
    bytes: 1,
    digest: { algorithm: 'sha1', hex: 'a' },
    url: 'http://a.example/',
    ...fields,
  })

  test('that of the newest build is taken, by number and not by letter', () => {
    const files = ['26100.1742.a', '26100.10000.a', '9600.20000.a', 'x'].map((name) => file({ name }))
    expect(chooseFile(files, professional).name).toBe('26100.10000.a')
  })

  test('case makes no difference', () => {
    const wanted = { ...professional, language: 'EN-us', architecture: 'arm64' } as const
    expect(chooseFile([file({}), file({ architecture: 'ARM64', name: 'arm' })], wanted).name).toBe('arm')
  })

  test.each([
    [{ architecture: 'arm64' }, 'the catalogue has no architecture arm64; it has x64'],
    [{ language: 'de-de' }, 'the catalogue has no language de-de; it has en-us, fr-fr'],
    [{ edition: 'Enterprise' }, 'the catalogue has no edition Enterprise; it has Core, Professional'],
  ] as const)('without %j it is said what there is', (more, words) => {
    const files = [file({}), file({ edition: 'Core' }), file({ language: 'fr-fr', edition: 'Education' })]
    expect(() => chooseFile(files, { ...professional, ...more })).toThrow(words)
  })
})

describe('a catalogue that cannot be used is a reason to look elsewhere:', () => {
  const xml = productsXml([catalogueFile(esdFields)])
  test.for([
    ['it is no cabinet', Buffer.from('<html>Sorry'), /cabextract could not unpack it/],
    ['it holds something else', cabinetOf({ 'other.xml': xml }), /it holds no products.xml/],
    ['it holds a path', cabinetOf({ '../products.xml': xml }), /it holds no products.xml/],
    ['it was cut', cabinetOf({ 'products.xml': xml }).subarray(0, 400), /could not unpack it/],
    ['its list is no XML', cabinetOf({ 'products.xml': Buffer.from('<a><b></a>') }), /its list is no XML/],
    ['its list is empty', cabinetOf({ 'products.xml': productsXml([]) }), /no architecture x64; it has no files/],
  ] as const)('%s', async ([, cabinet, words], { web, folder }) => {
    offerCabinet(web, cabinet)
    await expect(acquire(professional, optionsFor(web, folder, only))).rejects.toMatchObject({
      code: 'MEDIUM_UNAVAILABLE',
      message: expect.stringMatching(words),
    })
  })

  test('its link leads to http', async ({ web, folder }) => {
    offerCatalogue(web)
    web.redirect('go.microsoft.com', '/fwlink', `${web.origin}/download.microsoft.com/download/1/products.cab`)
    await expect(acquire(professional, optionsFor(web, folder, only))).rejects.toThrow('is not https')
  })

  test('there is no cabextract', async ({ web, folder }) => {
    offerCatalogue(web)
    const bin = join(folder, 'bin')
    await mkdir(bin)
    await writeFile(join(bin, 'flock'), '#!/bin/sh\nexec /usr/bin/flock "$@"\n')
    await chmod(join(bin, 'flock'), 0o755)
    vi.stubEnv('PATH', bin)
    await expect(acquire(professional, optionsFor(web, folder, only))).rejects.toThrow(
      'Expected `cabextract` on this host. Install the package cabextract.',
    )
  })
})

test('the list may be written with capitals', async ({ web, folder }) => {
  offerCabinet(web, cabinetOf({ 'Products.XML': productsXml([catalogueFile(esdFields)]) }))
  offerEsd(web)
  await expect(acquire(professional, optionsFor(web, folder, only))).resolves.toMatchObject({ kind: 'esd' })
})

test('two that acquire at the same time do not take the list from each other', async ({ web, folder }) => {
  offerCatalogue(web)
  offerEsd(web)
  const both = [1, 2, 3].map(() => acquire(professional, optionsFor(web, folder, only)))
  expect(new Set((await Promise.all(both)).map((medium) => JSON.stringify(medium))).size).toBe(1)
  expect(web.askedFor('dl.delivery.mp.microsoft.com', new URL(esdFields.FilePath).pathname)).toHaveLength(1)
})

test('the list is asked for anew each time, since it changes under its address', async ({ web, folder }) => {
  offerCatalogue(web, [])
  await expect(acquire(professional, optionsFor(web, folder, only))).rejects.toThrow('it has no files')
  offerCatalogue(web)
  offerEsd(web)
  await expect(acquire(professional, optionsFor(web, folder, only))).resolves.toMatchObject({ kind: 'esd' })
})

test('a file with another digest than the list says stops all: no other source hides it', async ({ web, folder }) => {
  offerCatalogue(web, [catalogueFile({ ...esdFields, Sha1: 'ab'.repeat(20) })])
  offerEsd(web)
  await expect(acquire(professional, optionsFor(web, folder))).rejects.toMatchObject({ code: 'MEDIUM_DAMAGED' })
})
