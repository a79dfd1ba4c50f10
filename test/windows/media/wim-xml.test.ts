import { describe, expect, test } from 'vitest'
import { readWimXml } from '../../../src/windows/media/wim-stream.ts'
import { chooseImage, isEdition, parseWimXml } from '../../../src/windows/media/wim-xml.ts'

const bytes = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')
const imageXml = (index: number, name: string, inner: string, flags = '') =>
  `<IMAGE INDEX="${index}"><NAME>${name}</NAME>${flags === '' ? '' : `<FLAGS>${flags}</FLAGS>`}<WINDOWS>${inner}</WINDOWS></IMAGE>`
const windows = (edition: string, type: string, language = 'en-US', arch = 9) =>
  `<ARCH>${arch}</ARCH><EDITIONID>${edition}</EDITIONID><INSTALLATIONTYPE>${type}</INSTALLATIONTYPE>` +
  `<SERVICINGDATA><IMAGESTATE>x</IMAGESTATE></SERVICINGDATA>` +
  `<LANGUAGES><LANGUAGE>de-DE</LANGUAGE><LANGUAGE>${language}</LANGUAGE><DEFAULT>${language}</DEFAULT></LANGUAGES>` +
  `<VERSION><MAJOR>10</MAJOR><BUILD>26100</BUILD><SPBUILD>1742</SPBUILD></VERSION>`

const client = parseWimXml(
  bytes(
    `<WIM><TOTALBYTES>1</TOTALBYTES>${[
      '<IMAGE INDEX="1"><NAME>Windows Setup Media</NAME></IMAGE>',
      imageXml(2, 'Microsoft Windows PE (amd64)', windows('WindowsPE', 'WindowsPE')),
      imageXml(5, 'Windows 11 Pro &amp; more', windows('Professional', 'Client')),
      imageXml(4, 'Windows 11 Home', windows('Core', 'Client')),
      imageXml(6, 'Windows 11 Pro', windows('Professional', 'Client', 'en-US', 12)),
    ].join('')}</WIM>`,
  ),
)
const server = parseWimXml(
  bytes(
    `<WIM>${[
      imageXml(
        1,
        'Windows Server 2025 SERVERSTANDARDCORE',
        windows('ServerStandard', 'Server Core'),
        'ServerStandardCore',
      ),
      imageXml(2, 'Windows Server 2025 SERVERSTANDARD', windows('ServerStandard', 'Server'), 'ServerStandard'),
      imageXml(
        3,
        'Windows Server 2025 SERVERDATACENTERCORE',
        windows('ServerDatacenter', 'Server Core'),
        'ServerDatacenterCore',
      ),
      imageXml(4, 'Windows Server 2025 SERVERDATACENTER', windows('ServerDatacenter', 'Server'), 'ServerDatacenter'),
    ].join('')}</WIM>`,
  ),
)
const evaluation = (...flags: readonly [string, string, string, string]) =>
  parseWimXml(
    bytes(
      `<WIM>${[
        imageXml(1, 'Windows Server 2022 SERVERSTANDARDCORE', windows('ServerStandardEval', 'Server Core'), flags[0]),
        imageXml(2, 'Windows Server 2022 SERVERSTANDARD', windows('ServerStandardEval', 'Server'), flags[1]),
        imageXml(3, 'Windows Server 2022 DATACENTERCORE', windows('ServerDatacenterEval', 'Server Core'), flags[2]),
        imageXml(4, 'Windows Server 2022 DATACENTER', windows('ServerDatacenterEval', 'Server'), flags[3]),
      ].join('')}</WIM>`,
    ),
  )
const flagged = evaluation(
  ...(['ServerStandardEvalCore', 'ServerStandardEval', 'ServerDatacenterEvalCore', 'ServerDatacenterEval'] as const),
)
const flaggedAsFull = evaluation(
  ...(['ServerStandardCore', 'ServerStandard', 'ServerDatacenterCore', 'ServerDatacenter'] as const),
)
const flaggedAlike = evaluation(
  ...(['ServerStandardEval', 'ServerStandardEval', 'ServerDatacenterEval', 'ServerDatacenterEval'] as const),
)
const unflagged = evaluation('', '', '', '')
const wanted = { edition: 'Professional', language: 'en-us', architecture: 'x64' } as const

test('the XML of a WIM is read, in the order of its numbers', () => {
  expect(client.map(({ index }) => index)).toEqual([1, 2, 4, 5, 6])
  expect(client.filter(isEdition).map(({ index }) => index)).toEqual([4, 5, 6])
  expect(client[3]).toEqual({
    ...{ index: 5, name: 'Windows 11 Pro & more', edition: 'Professional', flags: '', type: 'Client' },
    ...{ language: 'en-US', architecture: 'x64', build: '26100.1742' },
  })
})

test.each([
  ['a client edition', client, wanted, 5],
  ['an edition in other letters', client, { ...wanted, edition: 'professional' }, 5],
  ['another architecture', client, { ...wanted, architecture: 'arm64' }, 6],
  ['a server with a desktop', server, { ...wanted, edition: 'ServerStandard' }, 2],
  ['a server without one', server, { ...wanted, edition: 'ServerDatacenterCore' }, 3],
] as const)('%s is found', (_, images, what, index) => {
  expect(chooseImage(images, what)).toMatchObject({ index })
})

describe.each([
  ['with their own flags', flagged],
  ['with the flags of the full editions', flaggedAsFull],
  ['with flags that do not tell a desktop', flaggedAlike],
  ['without flags', unflagged],
])('evaluation images %s', (_, images) => {
  test.each([
    ['ServerStandard', 2],
    ['ServerStandardEval', 2],
    ['serverstandardcore', 1],
    ['ServerDatacenterEvalCore', 3],
    ['ServerDatacenter', 4],
  ])('are found as %s', (edition, index) => {
    expect(chooseImage(images, { ...wanted, edition })).toMatchObject({ index })
  })

  test('are no other edition', () => {
    expect(chooseImage(images, { ...wanted, edition: 'ServerTurbine' })).toContain('ServerStandardEval')
  })
})

test('where a medium has an edition and its evaluation, each is found by its own name', () => {
  const both = [...server, ...flagged.map((image) => ({ ...image, index: image.index + 4 }))]
  expect(chooseImage(both, { ...wanted, edition: 'ServerStandard' })).toMatchObject({ index: 2 })
  expect(chooseImage(both, { ...wanted, edition: 'ServerStandardEval' })).toMatchObject({ index: 6 })
})

describe('what is not there is told by what is', () => {
  test.each([
    [
      'an edition',
      client,
      { ...wanted, edition: 'Enterprise' },
      /^Core en-US x64 "Windows 11 Home"; Professional en-US x64/,
    ],
    ['a language', client, { ...wanted, language: 'fr-FR' }, /Core en-US x64/],
    ['an edition of a server', server, wanted, /ServerStandard \(ServerStandardCore\) en-US x64/],
    ['one of two that fit', [...client, ...client], wanted, /^Professional .*; Professional [^;]*$/],
    ['any', [], wanted, /^no edition of Windows$/],
  ] as const)('%s', (_, images, what, message) => {
    expect(chooseImage(images, what)).toMatch(message)
  })
})

test('what is no XML is refused', () => {
  expect(() => parseWimXml(bytes('<WIM><IMAGE INDEX="1">'))).toThrow(/Unclosed/)
})

describe('the XML in a stream', () => {
  const xml = bytes('<WIM></WIM>')
  const wim = Buffer.alloc(5000, 1)
  wim.write('MSWIM\0\0\0', 'latin1')
  wim.writeBigUInt64LE(BigInt(xml.length), 72)
  wim.writeBigUInt64LE(3000n, 80)
  xml.copy(wim, 3000)
  async function* inPieces(file: Buffer, size: number) {
    for (let at = 0; at < file.length; at += size) {
      yield file.subarray(at, at + size)
    }
  }

  test.each([1, 7, 100, 208, 3005, 5000])('is found in pieces of %d bytes', async (size) => {
    expect(await readWimXml(inPieces(wim, size))).toEqual(xml)
  })

  test.each([
    ['that is no WIM', Buffer.alloc(5000, 'x')],
    ['that ends before', wim.subarray(0, 3010)],
    ['that ends in its header', wim.subarray(0, 100)],
    ['that says that it is huge', Buffer.concat([wim.subarray(0, 76), Buffer.from([0xff]), wim.subarray(77)])],
  ])('is not in one %s', async (_, file) => {
    expect(await readWimXml(inPieces(file, 64))).toBeUndefined()
  })
})
