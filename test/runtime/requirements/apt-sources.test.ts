import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseLines, parseStanzas, readAptSources } from '../../../src/runtime/requirements/apt-sources.ts'

test('stanzas are read without comments, and what is disabled is left out', () => {
  const text = `# The mirror
Types: deb deb-src
# an older one
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
  contrib
signed-by: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://other.example/debian
Suites: bookworm-backports
Components: main
\t
Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main
Enabled: yes
`
  expect(parseStanzas(text)).toEqual([
    {
      types: ['deb', 'deb-src'],
      uris: ['http://mirror.example/debian'],
      suites: ['bookworm', 'bookworm-updates'],
      components: ['main', 'contrib'],
      fields: new Map([['Signed-By', '/usr/share/keyrings/debian-archive-keyring.gpg']]),
    },
    {
      types: ['deb'],
      uris: ['http://mirror.example/security'],
      suites: ['bookworm-security'],
      components: ['main'],
      fields: new Map(),
    },
  ])
})

test('a key within a stanza is kept line by line', () => {
  const key =
    '\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY865UxYJKwYBBAHaRw8B\n -----END PGP PUBLIC KEY BLOCK-----'
  const [source] = parseStanzas(`Types: deb\nURIs: file:/a\nSuites: b\nComponents: main\nSigned-By:${key}\n`)
  expect(source?.fields).toEqual(new Map([['Signed-By', key]]))
})

test.each([
  ['deb http://mirror.example/debian bookworm main contrib # the mirror', new Map()],
  [
    'deb [arch=amd64,arm64 signed-by=/etc/apt/key.asc] http://mirror.example/debian bookworm main contrib',
    new Map([
      ['Architectures', 'amd64 arm64'],
      ['Signed-By', '/etc/apt/key.asc'],
    ]),
  ],
  [
    'deb [ trusted=yes check-valid-until=no ]   http://mirror.example/debian   bookworm   main contrib',
    new Map([
      ['Trusted', 'yes'],
      ['Check-Valid-Until', 'no'],
    ]),
  ],
])('%s is one source', (line, fields) => {
  expect(parseLines(`\n${line}\n`)).toEqual([
    {
      types: ['deb'],
      uris: ['http://mirror.example/debian'],
      suites: ['bookworm'],
      components: ['main', 'contrib'],
      fields,
    },
  ])
})

test('a disk is read as a source, a comment is not', () => {
  const lines = '# deb http://mirror.example/debian bookworm main\ndeb cdrom:[Debian 12 NETINST]/ bookworm main\n'
  expect(parseLines(lines).map(({ uris }) => uris)).toEqual([['cdrom:[Debian 12 NETINST]/']])
})

test('all files that apt reads are read, and no others', async () => {
  const etc = await mkdtemp(join(tmpdir(), 'osrun etc '))
  try {
    const parts = join(etc, 'apt', 'sources.list.d')
    await mkdir(parts, { recursive: true })
    await writeFile(join(etc, 'apt', 'sources.list'), 'deb file:/one a main\n')
    await writeFile(join(parts, 'two.list'), 'deb file:/two a main\n')
    await writeFile(join(parts, 'three.sources'), 'Types: deb\nURIs: file:/three\nSuites: a\nComponents: main\n')
    await writeFile(join(parts, 'four.list.disabled'), 'deb file:/four a main\n')
    expect((await readAptSources(etc)).flatMap(({ uris }) => uris)).toEqual(['file:/one', 'file:/three', 'file:/two'])
  } finally {
    await rm(etc, { recursive: true })
  }
})

test('a host without any source has none', async () => {
  expect(await readAptSources(join(tmpdir(), 'osrun has no such folder'))).toEqual([])
})
