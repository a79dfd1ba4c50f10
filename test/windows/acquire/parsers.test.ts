import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lengthOf, rangeOf, retryAfter, validatorOf } from '../../../src/windows/acquire/answers.ts'
import { parseAria2 } from '../../../src/windows/acquire/aria2-text.ts'
import { parseCatalogue } from '../../../src/windows/acquire/catalogue-xml.ts'
import { readDigest } from '../../../src/windows/acquire/file-digest.ts'
import { checkFiles, isNeeded, type UupFile } from '../../../src/windows/acquire/uup-files.ts'
import { answers, type Call, filesOf, parseUup } from '../../../src/windows/acquire/uup-json.ts'
import { catalogueFile, productsXml } from './made-media.ts'

const hex = 'ab'.repeat(20)

describe('headers', () => {
  test.each([
    ['bytes 5-9/10', { start: 5, end: 9, total: 10 }],
    ['bytes 5-9/*', { start: 5, end: 9 }],
    ['bytes */10', { total: 10 }],
    ['bytes 9-5/10', undefined],
    ['bytes 5-10/10', undefined],
    ['items 5-9/10', undefined],
    ['bytes 5-/10', undefined],
    ['bytes 99999999999999999999-9/10', { end: 9, total: 10 }],
    [undefined, undefined],
  ])('the range %j is read as %j', (text, range) => {
    expect(rangeOf(text === undefined ? {} : { 'content-range': text })).toEqual(range)
  })

  test.each([
    [{ etag: '"a"', 'last-modified': 'Thu' }, '"a"'],
    [{ etag: 'W/"a"', 'last-modified': 'Thu' }, 'Thu'],
    [{ etag: 'a' }, undefined],
    [{}, undefined],
  ])('of %j the same file is told by %j', (headers, validator) => {
    expect(validatorOf(headers)).toBe(validator)
  })

  test.each([
    ['3', 3000],
    ['0', 0],
    ['100000', 60_000],
    ['Thu, 01 Jan 1970 00:00:10 GMT', 9000],
    ['Wed, 31 Dec 1969 00:00:00 GMT', 0],
    ['soon', undefined],
    ['-3', undefined],
  ])('"Retry-After: %s" is %s ms', (text, wait) => {
    expect(retryAfter({ 'retry-after': text }, 60_000, 1000)).toBe(wait)
  })

  test.each([
    ['12', 12],
    ['-1', undefined],
    ['1e3', undefined],
    ['9'.repeat(30), undefined],
  ])('the length %s is %s', (text, bytes) => {
    expect(lengthOf({ 'content-length': text })).toBe(bytes)
  })
})

test.each([
  ['sha1', ` ${hex.toUpperCase()}\n`, hex],
  ['sha1', hex.slice(1), undefined],
  ['sha1', `${hex.slice(1)}x`, undefined],
  ['sha256', hex, undefined],
  ['sha256', 'c'.repeat(64), 'c'.repeat(64)],
  ['sha256', undefined, undefined],
] as const)('the %s %j is %j', (algorithm, text, read) => {
  expect(readDigest(algorithm, text)?.hex).toBe(read)
})

describe('the catalogue', () => {
  const good = {
    FileName: '26100.4349.250607-1500.ge_release_svc_refresh_CLIENTCONSUMER_RET_x64FRE_en-us.esd',
    LanguageCode: 'en-us',
    Edition: 'Professional',
    Architecture: 'x64',
    Size: 4_000_000_000,
    Sha1: hex,
    FilePath: 'http://dl.delivery.mp.microsoft.com/files/a.esd?x=1&y=2',
  }
  const read = {
    name: good.FileName,
    language: 'en-us',
    edition: 'Professional',
    architecture: 'x64',
    bytes: 4_000_000_000,
    digest: { algorithm: 'sha1', hex },
    url: good.FilePath,
  }

  test('is read with its byte order mark, its entities and what else it has', () => {
    expect(parseCatalogue(productsXml([catalogueFile(good)]))).toEqual([read])
  })

  test('is read in UTF-16, without the outer elements, and with a SHA-256', () => {
    const text = `\uFEFF<PublishedMedia><Files>${catalogueFile({ ...good, Sha256: 'c'.repeat(64) })}</Files></PublishedMedia>`
    expect(parseCatalogue(Buffer.from(text, 'utf16le'))).toEqual([
      { ...read, digest: { algorithm: 'sha256', hex: 'c'.repeat(64) } },
    ])
  })

  test.each([
    { Size: '-1' },
    { Size: '0' },
    { Size: '9'.repeat(40) },
    { Size: '1e9' },
    { Sha1: 'ab' },
    { FilePath: 'file:///etc/passwd' },
    { FilePath: 'a.esd' },
    { FilePath: '' },
  ])('passes over a file with %j', (wrong) => {
    expect(parseCatalogue(productsXml([catalogueFile({ ...good, ...wrong }), catalogueFile(good)]))).toEqual([read])
  })

  test('takes no field from deeper within, and none of another file', () => {
    const nested = catalogueFile(good).replace('<Key></Key>', '<Key><Edition>Core</Edition></Key>')
    const lacking = catalogueFile(good).replace(/<FilePath>.*<\/FilePath>/, '')
    expect(parseCatalogue(productsXml([nested, lacking]))).toEqual([read])
  })

  test.each(['hello', '<a><b></a>', '<a>&bomb;</a>', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])(
    'that is %j is refused',
    (text) => {
      expect(() => parseCatalogue(Buffer.from(text))).toThrow()
    },
  )

  test('of garbage is refused or empty', () => {
    const piece = fc.constantFrom('<File>', '</File>', '<Size>', '</Size>', '9', '<![CDATA[', ']]>', '&', '<', '\0')
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => {
        try {
          expect(parseCatalogue(Buffer.from(pieces.join('')))).toEqual([])
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
      }),
    )
  })
})

describe('a list for aria2', () => {
  test('is read with its comments, its ends of line and what has no digest', () => {
    const text =
      `http://a.example/1?P1=2&P2=3\r\n  out=one.esd\r\n  checksum=sha-1=${hex}\r\n\r\n` +
      'https://a.example/2\thttps://b.example/2\n  out=two.cab\n  split=4\n\n' +
      '# --- BEGIN UUP DUMP DEBUG INFO ---\n# http://a.example/3\n'
    expect(parseAria2(text)).toEqual({
      files: [
        { name: 'one.esd', url: 'http://a.example/1?P1=2&P2=3', digest: { algorithm: 'sha1', hex }, bytes: undefined },
        { name: 'two.cab', url: 'https://a.example/2', digest: undefined, bytes: undefined },
      ],
    })
  })

  test('that is an error, with status 200, is read as one', () => {
    expect(parseAria2('#UUPDUMP_ERROR:EMPTY_FILELIST\n')).toEqual({ error: 'EMPTY_FILELIST' })
  })

  test('of garbage has no file that may be downloaded', () => {
    const piece = fc.constantFrom(
      'http://a.example/',
      '\n',
      '  out=',
      '../x',
      ' checksum=sha-1=',
      '#UUPDUMP_ERROR:',
      hex,
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => {
        const read = parseAria2(pieces.join(''))
        if ('files' in read) {
          expect(() => checkFiles(read.files)).toThrow()
        }
      }),
    )
  })
})

describe("UUP dump's JSON", () => {
  const envelope = (response: unknown) => JSON.stringify({ response, jsonApiVersion: '0.2.0' })
  const uuid = '3a34d712-ee6f-46fa-991a-e7d9520c16fc'
  const build = { title: 'Windows 11', build: '1', arch: 'amd64', created: '12', uuid }

  test.each([
    ['a list', [build]],
    ['an object, as a list with gaps is written', { 3: build }],
  ])('has builds as %s', (_, builds) => {
    expect(parseUup('listid', envelope({ builds }))).toEqual({
      answer: { builds: [{ title: 'Windows 11', arch: 'amd64', created: 12, uuid }] },
    })
  })

  test('has files as a map, and none as an empty list', () => {
    const parsed = parseUup('get', envelope({ files: { 'a.esd': { sha1: hex, size: '7', url: 'http://a.example/' } } }))
    expect(parsed && 'answer' in parsed && filesOf(parsed.answer)).toEqual([
      { name: 'a.esd', url: 'http://a.example/', digest: { algorithm: 'sha1', hex }, bytes: 7 },
    ])
    expect(parseUup('get', envelope({ files: [] }))).toEqual({ answer: { files: {} } })
    expect(parseUup('get', envelope({ files: ['a'] }))).toBeUndefined()
  })

  test('has an error in place of all else', () => {
    expect(parseUup('get', envelope({ error: 'EMPTY_FILELIST' }))).toEqual({ error: 'EMPTY_FILELIST' })
  })

  test.each(['', '<html>', '[]', 'null', '{}', '{"response":[]}', '{"response":{"builds":[{"uuid":"../x"}]}}'])(
    'that is %s is no answer',
    (body) => {
      expect(parseUup('listid', body)).toBeUndefined()
    },
  )

  test('of garbage is no answer, or one that can be worked with', () => {
    fc.assert(
      fc.property(fc.constantFrom(...(Object.keys(answers) as Call[])), fc.json(), (call, body) => {
        parseUup(call, body)
        parseUup(call, `{"response":${body}}`)
        const files = parseUup('get', `{"response":{"files":${body}}}`)
        if (files !== undefined && 'answer' in files) {
          expect(() => checkFiles(filesOf(files.answer))).toThrow()
        }
      }),
    )
  })
})

describe('a list of files', () => {
  const esd: UupFile = { name: 'a.esd', url: 'http://a.example/a', digest: { algorithm: 'sha1', hex }, bytes: 1 }

  test.each([
    ['a path', { name: '../a.esd' }, 'it names a file "../a.esd", which is no name for a file'],
    ['a path of Windows', { name: 'b\\a.esd' }, 'which is no name'],
    ['a hidden file', { name: '.a.esd' }, 'which is no name'],
    ['nothing', { name: '' }, 'which is no name'],
    ['a device', { name: 'con.esd' }, 'which is no name'],
    ['a line end', { name: 'a\n.esd' }, 'which is no name'],
    ['another name twice', { name: 'A.ESD' }, 'it has a name twice'],
    ['another address', { name: 'b.esd', url: 'file:///etc/passwd' }, 'it has no address for "b.esd"'],
    ['no digest', { name: 'b.esd', digest: undefined }, 'nothing would vouch for the file'],
    ['no bytes', { name: 'b.esd', bytes: 0 }, 'it gives "b.esd" 0 bytes'],
    ['too many bytes', { name: 'b.esd', bytes: 2 ** 50 }, 'bytes'],
    ['half a byte', { name: 'b.esd', bytes: 1.5 }, 'it gives "b.esd" 1.5 bytes'],
  ])('with %s is refused', (_, wrong, words) => {
    expect(checkFiles([esd])).toEqual([esd])
    expect(() => checkFiles([esd, { ...esd, ...wrong }])).toThrow(words)
  })

  test('with an absurd number of files, or bytes in all, is refused', () => {
    const many = Array.from({ length: 5001 }, (_, index) => ({ ...esd, name: `${index}.esd` }))
    expect(() => checkFiles(many)).toThrow('it has 5001 files')
    const large = many.slice(0, 3).map((file) => ({ ...file, bytes: 2 ** 35 }))
    expect(() => checkFiles(large)).toThrow('bytes, more than any set of Windows')
  })

  test('is left without what no image is made of', () => {
    const needed = [
      'professional_en-us.esd',
      'Microsoft-Windows-Client-Features-Package.ESD',
      'Microsoft-Windows-LanguageFeatures-Basic-en-us-Package.cab',
      'microsoft-windows-foundation-package~31bf3856ad364e35~amd64~~.cab',
    ]
    const others = [
      'Microsoft.WindowsStore_8wekyb3d8bbwe.msixbundle',
      'Microsoft.VCLibs.appx',
      'Windows11.0-KB5043080-x64.msu',
      'Windows11.0-KB5043080-x64.cab',
      'SSU-26100.1738-x64.psf',
      'aggregatedmetadata.cab',
      'DesktopDeployment_x86.cab',
    ]
    expect([...needed, ...others].filter(isNeeded)).toEqual(needed)
    expect(() => checkFiles([{ ...esd, name: 'a.msu' }])).toThrow('it has no ESD file among 1 files')
  })
})
