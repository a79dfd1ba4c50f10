import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test as plain } from 'vitest'
import { acquire } from '../../../src/windows/acquire/acquire.ts'
import { listAddresses } from '../../../src/windows/acquire/uup-api.ts'
import { fullBuilds } from '../../../src/windows/acquire/uup-build.ts'
import type { Medium } from '../../../src/windows/medium.ts'
import { wimOf } from './made-media.ts'
import { optionsFor, professional } from './media-world.ts'
import { down, limited, type StandInBuild, StandInUup } from './stand-in-uup.ts'
import { test } from './with-web.ts'

const only = { sources: ['uup-dump'] } as const
const files = {
  'professional_en-us.esd': wimOf({ images: 3, solid: true, size: 20_000 }),
  'microsoft-windows-client-features-package.esd': wimOf({ solid: true, size: 60_000, salt: 'features' }),
  'Microsoft-Windows-Foundation-Package~31bf3856ad364e35~amd64~~.cab': Buffer.from('MSCF a package'),
  'Windows11.0-KB5043080-x64.msu': Buffer.alloc(1000),
  'Microsoft.WindowsStore_8wekyb3d8bbwe.msixbundle': Buffer.alloc(1000),
}
const needed = Object.keys(files).slice(0, 3)
const uuid = (digit: number) => `${String(digit).repeat(8)}-ee6f-46fa-991a-e7d9520c16fc`
const retail: StandInBuild = {
  uuid: uuid(1),
  title: 'Windows 11, version 25H2 (26200.6584) amd64',
  created: 1_700_000_100,
  files,
}
const metadata = needed[0] ?? ''

async function folderOf(medium: Medium): Promise<string> {
  expect(medium.kind).toBe('uup')
  return medium.kind === 'uup' ? medium.folder : ''
}

test('the newest retail build comes, with what an image is made of and nothing else', async ({
  web,
  folder,
  progress,
}) => {
  const uup = new StandInUup(web, [
    { uuid: uuid(2), title: 'Windows 11 Insider Preview 26200.9999 amd64', created: 1_900_000_000 },
    { uuid: uuid(3), title: 'Cumulative Update for Windows 11 (26200.7000) amd64', created: 1_900_000_000 },
    { uuid: uuid(4), title: 'Windows 11 (26200.7777) amd64', created: '1800000000', ring: 'WIF' },
    { uuid: uuid(5), title: 'Windows 11 (26200.6000) amd64', created: 1_600_000_000 },
    retail,
  ])
  const medium = await acquire(
    professional,
    optionsFor(web, folder, { ...only, onProgress: (each) => progress.push(each) }),
  )
  const uups = await folderOf(medium)
  expect((await readdir(uups)).toSorted()).toEqual(needed.toSorted())
  for (const name of needed) {
    expect(await readFile(join(uups, name))).toEqual(files[name as keyof typeof files])
  }
  expect(medium.provenance).toEqual({
    source: 'uup-dump',
    from: `https://uupdump.net/selectlang.php?id=${retail.uuid} (${retail.title})`,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    bytes: 80_014,
  })
  // That of the ring WIF is looked at, and passed over.
  expect(uup.asked('listlangs')).toBe(2)
  expect(web.askedFor('api.uupdump.net', '/listid.php')[0]?.path).toBe(
    '/listid.php?search=windows+11+26200+amd64&sortByDate=1',
  )
  expect(progress).toContainEqual(expect.objectContaining({ phase: `downloading ${retail.title}, 3 files` }))
})

test('a version that is not there yet leads to the one before', async ({ web, folder }) => {
  const older = { ...retail, title: 'Windows 11, version 24H2 (26100.1742) amd64' }
  const uup = new StandInUup(web, [older])
  await folderOf(await acquire(professional, optionsFor(web, folder, only)))
  expect(uup.asked('listid')).toBe(2)
})

test('a set that Microsoft has removed, or lacks what is wanted, leads to the build before', async ({
  web,
  folder,
}) => {
  new StandInUup(web, [
    { ...retail, uuid: uuid(2), created: 5, languages: ['de-de'] },
    { ...retail, uuid: uuid(3), created: 4, editions: ['CORE'] },
    { ...retail, uuid: uuid(4), created: 3, error: 'EMPTY_FILELIST' },
    { ...retail, uuid: uuid(5), created: 2, files: {} },
    { ...retail, uuid: uuid(6), created: 1 },
  ])
  const { provenance } = await acquire(professional, optionsFor(web, folder, only))
  expect(provenance.from).toContain(uuid(6))
})

test('when no build will do, it is said what each lacks', async ({ web, folder }) => {
  new StandInUup(web, [
    { ...retail, languages: ['de-de'] },
    { ...retail, uuid: uuid(2), created: null, ring: 'DEV' },
  ])
  await expect(acquire(professional, optionsFor(web, folder, only))).rejects.toMatchObject({
    code: 'MEDIUM_UNAVAILABLE',
    message: expect.stringContaining(
      `UUP dump has no win11 for it: ${retail.title}: it has no language en-us; ${retail.title}: it is of the ring DEV; ` +
        'the search for "windows 11 26100 amd64": UUP dump says SEARCH_NO_RESULTS',
    ),
  })
})

plain('of builds those of the architecture that are whole are kept, the newest first', () => {
  const build = { title: 'Windows 11', arch: 'amd64', created: 1, uuid: uuid(1) }
  const newest = { ...build, created: 3, uuid: uuid(2) }
  const others = [
    { ...build, arch: 'arm64' },
    { ...build, title: 'Windows 11 PREVIEW' },
    { ...build, title: '.NET 8' },
  ]
  const undated = { ...build, created: undefined }
  expect(fullBuilds([undated, build, ...others, newest], 'x64')).toEqual([newest, build, undated])
})

plain('the backup is asked in its own words', () => {
  expect(listAddresses({ id: 'a&b', language: 'en-us', edition: 'professional' })).toEqual([
    'https://uupdump.net/get.php?id=a%26b&pack=en-us&edition=professional&aria2=2',
    'https://uup.rg-adguard.net/api/GetFiles?id=a%26b&lang=en-us&edition=professional&txt=yes',
  ])
})

describe('limits', () => {
  test('429, and the same said with 200, are waited for', async ({ web, folder, progress }) => {
    const uup = new StandInUup(web, [retail])
    uup.troubles.listid = [limited, { ...limited, status: 200 }]
    uup.troubles.get = [limited]
    const onProgress = (each: (typeof progress)[number]) => progress.push(each)
    await folderOf(await acquire(professional, optionsFor(web, folder, { ...only, onProgress })))
    expect(uup.asked('listid')).toBe(3)
    expect(progress).toContainEqual({ phase: 'waiting for api.uupdump.net: it answered with status 429' })
    expect(progress).toContainEqual({ phase: 'waiting for api.uupdump.net: UUP dump says USER_RATE_LIMITED' })
  })

  test.for([
    ['the same thing is asked for again only after a while', { same: 3_600_000, another: 0 }, 1],
    ['another thing is asked for only after a while', { same: 0, another: 3_600_000 }, 2],
  ] as const)('%s', async ([, pace, times], { web, folder }) => {
    const uup = new StandInUup(web, [retail])
    uup.troubles.listid = [down]
    const controller = new AbortController()
    const running = acquire(professional, optionsFor(web, folder, { ...only, pace, signal: controller.signal }))
    running.catch(() => undefined)
    await expect.poll(() => uup.asked('listid'), { timeout: 20_000 }).toBe(times)
    // Who does not wait has asked by then.
    await sleep(300)
    expect(web.asked).toHaveLength(times)
    controller.abort()
    await expect(running).rejects.toMatchObject({ code: 'CANCELED' })
  })

  test('a limit that is never lifted ends the source', async ({ web, folder }) => {
    const uup = new StandInUup(web, [retail])
    uup.troubles.listid = Array.from({ length: 20 }, () => limited)
    await expect(acquire(professional, optionsFor(web, folder, only))).rejects.toThrow(
      'https://api.uupdump.net/listid.php could not be asked: it answered with status 429',
    )
    expect(uup.asked('listid')).toBe(6)
  })
})

describe('an outage', () => {
  test('that passes is waited for', async ({ web, folder }) => {
    const uup = new StandInUup(web, [retail])
    uup.troubles.listlangs = [down, { status: 200, body: '<html>' }, { status: 200, body: '{"response":{}}' }]
    await folderOf(await acquire(professional, optionsFor(web, folder, only)))
    expect(uup.asked('listlangs')).toBe(4)
  })

  const always = Array.from({ length: 20 }, () => down)

  test('of the API has the list of files asked for at the site', async ({ web, folder }) => {
    const uup = new StandInUup(web, [retail])
    uup.troubles.get = [...always]
    const uups = await folderOf(await acquire(professional, optionsFor(web, folder, only)))
    expect((await readdir(uups)).toSorted()).toEqual(needed.toSorted())
    expect(web.askedFor('uupdump.net', '/get.php')).toHaveLength(1)
  })

  test.for([
    ['is down', always],
    ['says an error with status 200', [{ status: 200, body: '#UUPDUMP_ERROR:EMPTY_FILELIST' }]],
    ['says something else', Array.from({ length: 20 }, () => ({ status: 200, body: '<html>' }))],
  ] as const)('of both, where the site %s, has it asked for at the backup', async ([, site], { web, folder }) => {
    const uup = new StandInUup(web, [retail])
    uup.troubles.get = [...always]
    uup.troubles.site = [...site]
    await folderOf(await acquire(professional, optionsFor(web, folder, only)))
    expect(web.askedFor('uup.rg-adguard.net', '/api/GetFiles')).toHaveLength(1)
  })

  test('of all is told for each', async ({ web, folder }) => {
    const uup = new StandInUup(web, [retail])
    uup.troubles.get = [...always]
    uup.troubles.site = [...always]
    uup.troubles.backup = [...always]
    await expect(acquire(professional, optionsFor(web, folder, only))).rejects.toThrow(
      /api\.uupdump\.net\/get\.php could not .*; https:\/\/uupdump\.net\/get\.php could not .*; https:\/\/uup\.rg-adguard\.net/,
    )
  })

  test('that is a server that lists without digests is refused', async ({ web, folder }) => {
    const uup = new StandInUup(web, [retail])
    uup.troubles.get = [...always]
    uup.troubles.site = [{ status: 200, body: 'http://a.example/a.esd\n  out=a.esd\n' }]
    await expect(acquire(professional, optionsFor(web, folder, only))).rejects.toThrow(
      'it has no digest of "a.esd", so that nothing would vouch for the file',
    )
  })
})

describe('links that expire', () => {
  test('on the way are asked for anew, once for all files', async ({ web, folder }) => {
    const uup = new StandInUup(web, [retail])
    let first = true
    const answer = web.handler('api.uupdump.net', '/get.php')
    web.on('api.uupdump.net', '/get.php', (asked, response) => {
      answer(asked, response)
      if (first) {
        uup.signature += 1
      }
      first = false
    })
    // One hears of it only when the others have their new links.
    const host = 'tlu.dl.delivery.mp.microsoft.com'
    const path = `/filestreamingservice/files/${needed[2]}`
    const late = web.handler(host, path)
    web.on(host, path, async (asked, response) => {
      while (asked.query.get('P4') === '1' && uup.askedForFile(metadata) < 2) {
        await sleep(5)
      }
      late(asked, response)
    })
    const uups = await folderOf(await acquire(professional, optionsFor(web, folder, only)))
    expect(await readdir(uups)).toHaveLength(3)
    expect(uup.asked('get')).toBe(2)
  })

  test('for ever end the source', async ({ web, folder }) => {
    const uup = new StandInUup(web, [retail])
    const answer = web.handler('api.uupdump.net', '/get.php')
    web.on('api.uupdump.net', '/get.php', (asked, response) => {
      answer(asked, response)
      uup.signature += 1
    })
    await expect(acquire(professional, optionsFor(web, folder, only))).rejects.toThrow(
      /status 403: the link has expired, or is refused here/,
    )
  })

  test('and lead to another file are not taken', async ({ web, folder }) => {
    const uup = new StandInUup(web, [retail])
    const changed = { ...retail, files: { ...files, [metadata]: wimOf({ images: 3, salt: 'other', size: 20_000 }) } }
    const answer = web.handler('api.uupdump.net', '/get.php')
    let other: StandInUup | undefined
    web.on('api.uupdump.net', '/get.php', (asked, response) => {
      answer(asked, response)
      other ??= new StandInUup(web, [changed])
      other.signature = 7
    })
    await expect(acquire(professional, optionsFor(web, folder, only))).rejects.toThrow(
      /UUP dump's new list has another professional_en-us.esd/,
    )
    expect(uup.signature).toBe(1)
  })
})

test('a set goes on where it was interrupted, file by file', async ({ web, folder }) => {
  const uup = new StandInUup(web, [retail])
  const last = needed[2] ?? ''
  const path = `/filestreamingservice/files/${last}`
  const host = 'tlu.dl.delivery.mp.microsoft.com'
  const whole = web.handler(host, path)
  web.on(host, path, (_, response) => {
    response.writeHead(404).end()
  })
  await expect(acquire(professional, optionsFor(web, folder, only))).rejects.toThrow('status 404')
  web.on(host, path, whole)
  const before = uup.askedForFile(needed[1] ?? '')
  const uups = await folderOf(await acquire(professional, optionsFor(web, folder, only)))
  expect(await readdir(uups)).toHaveLength(3)
  expect(uup.askedForFile(needed[1] ?? '') - before).toBeLessThanOrEqual(1)
})

test('a file with another digest than the list says stops all', async ({ web, folder }) => {
  new StandInUup(web, [retail])
  const wrong = wimOf({ images: 3, solid: true, size: 20_000, salt: 'wrong' })
  web.offer('tlu.dl.delivery.mp.microsoft.com', `/filestreamingservice/files/${metadata}`, wrong)
  await expect(acquire(professional, optionsFor(web, folder))).rejects.toMatchObject({ code: 'MEDIUM_DAMAGED' })
})

test('what lies in the folder besides is removed: a builder takes all that is there', async ({ web, folder }) => {
  new StandInUup(web, [retail])
  const uups = await folderOf(await acquire(professional, optionsFor(web, folder, only)))
  await writeFile(join(uups, 'stray.esd'), wimOf())
  await acquire(professional, optionsFor(web, folder, { ...only, refresh: true }))
  expect(await stat(join(uups, 'stray.esd')).catch(() => undefined)).toBeUndefined()
})

test('a set without the metadata of an image is no medium', async ({ web, folder }) => {
  new StandInUup(web, [{ ...retail, files: { 'a.esd': wimOf({ solid: true }) } }])
  await expect(acquire(professional, optionsFor(web, folder, only))).rejects.toThrow('none of which has the 3 images')
})

test('a cancellation ends all downloads of the set', async ({ web, folder }) => {
  new StandInUup(web, [retail])
  const controller = new AbortController()
  web.on('tlu.dl.delivery.mp.microsoft.com', `/filestreamingservice/files/${metadata}`, (_, response) => {
    response.writeHead(200, { 'content-length': 20_000 }).write('x')
    controller.abort()
  })
  const { signal } = controller
  await expect(acquire(professional, optionsFor(web, folder, { ...only, signal }))).rejects.toMatchObject({
    code: 'CANCELED',
  })
})

test('a cancellation ends a wait for UUP dump', async ({ web, folder }) => {
  const uup = new StandInUup(web, [retail])
  uup.troubles.listid = [limited]
  const pace = { another: 3_600_000, same: 3_600_000 }
  const controller = new AbortController()
  const onProgress = ({ phase }: { phase: string }) => phase.startsWith('waiting') && controller.abort()
  const options = optionsFor(web, folder, { ...only, pace, onProgress, signal: controller.signal })
  await expect(acquire(professional, options)).rejects.toMatchObject({ code: 'CANCELED' })
})
