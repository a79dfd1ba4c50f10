import { expect, test } from 'vitest'
import { type PackageHost, planInstallation } from '../../../src/runtime/requirements/apt-plan.ts'
import { parseLines, parseStanzas } from '../../../src/runtime/requirements/apt-sources.ts'
import { parseOsRelease } from '../../../src/runtime/requirements/os-release.ts'
import { requirements } from '../../../src/runtime/requirements/requirements.ts'

const bookworm = parseOsRelease(
  'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"',
)
const mirror = parseStanzas(`Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`)
const debian12: PackageHost = { platform: 'linux', release: bookworm, apt: true, sources: mirror }
const install = ['apt-get', 'install', '--yes', '--no-install-recommends']

test('on Debian 12 QEMU comes from backports of the mirror of the machine, all else from the release', () => {
  expect(plan(['qemu-system-x86_64', 'qemu-img', 'mmdebstrap', 'make'], debian12)).toEqual({
    by: 'apt',
    packages: [
      { name: 'qemu-system-x86', from: 'bookworm-backports' },
      { name: 'qemu-utils', from: 'bookworm-backports' },
      { name: 'mmdebstrap', from: 'bookworm' },
      { name: 'make', from: 'bookworm' },
    ],
    source: {
      path: '/etc/apt/sources.list.d/osrun-backports.sources',
      text: `# Made by osrun for QEMU.
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`,
    },
    commands: [
      ['apt-get', 'update'],
      [...install, '--target-release', 'bookworm-backports', 'qemu-system-x86', 'qemu-utils'],
      [...install, 'mmdebstrap', 'make'],
    ],
  })
})

test('a package is named once, however many programs are in it', () => {
  expect(plan(['flock', 'setpriv', 'unshare'], debian12)).toMatchObject({
    commands: [
      ['apt-get', 'update'],
      [...install, 'util-linux'],
    ],
  })
})

test.each([
  ['deb http://mirror.example/debian bookworm-backports main'],
  ['deb [arch=amd64] http://other.example/debian bookworm-backports main contrib'],
])('backports that are configured with %s are used as they are', (line) => {
  const made = plan(['qemu-system-x86_64'], { ...debian12, sources: [...mirror, ...parseLines(line)] })
  expect(made).not.toHaveProperty('source')
  expect(made).toMatchObject({
    commands: [
      ['apt-get', 'update'],
      [...install, '--target-release', 'bookworm-backports', 'qemu-system-x86'],
    ],
  })
})

test.each([
  ['deb-src http://other.example/debian bookworm-backports main'],
  ['# deb http://other.example/debian bookworm-backports main'],
])('%s does not configure backports', (line) => {
  expect(plan(['qemu-img'], { ...debian12, sources: [...mirror, ...parseLines(line)] })).toHaveProperty('source')
})

test('options of the one-line form become fields of the new source', () => {
  const sources = parseLines(
    'deb cdrom:[Debian 12]/ bookworm main\n' +
      'deb [arch=amd64 signed-by=/etc/apt/key.asc inrelease-path=x] https://mirror.example/deb bookworm main contrib\n',
  )
  expect(plan(['qemu-img'], { ...debian12, sources })).toMatchObject({
    source: {
      text: `# Made by osrun for QEMU.
Types: deb
URIs: https://mirror.example/deb
Suites: bookworm-backports
Components: main
Architectures: amd64
Signed-By: /etc/apt/key.asc
`,
    },
  })
})

test('without a source for the release a person has to configure backports', () => {
  expect(plan(['qemu-img'], { ...debian12, sources: [] })).toEqual({
    by: 'hand',
    sentence:
      'apt on this host has no source for bookworm from which bookworm-backports could be derived. ' +
      'Configure bookworm-backports in /etc/apt, and run this again',
  })
})

test.each([
  ['Debian 13', 'ID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie', 'trixie'],
  ['Debian testing', 'ID=debian\nVERSION_CODENAME=forky', 'forky'],
  ['Ubuntu 25.10', 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="25.10"\nVERSION_CODENAME=questing', 'questing'],
  ['Ubuntu 26.04', 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="26.04"\nVERSION_CODENAME=resolute', 'resolute'],
  ['a system that is not known', 'ID=kali\nID_LIKE=debian\nVERSION_ID="2025.3"\nPRETTY_NAME="Kali"', 'Kali'],
])('on %s everything comes from the release', (_, release, from) => {
  expect(plan(['qemu-system-x86_64', 'mmdebstrap'], { ...debian12, release: parseOsRelease(release) })).toEqual({
    by: 'apt',
    packages: [
      { name: 'qemu-system-x86', from },
      { name: 'mmdebstrap', from },
    ],
    commands: [
      ['apt-get', 'update'],
      [...install, 'qemu-system-x86', 'mmdebstrap'],
    ],
  })
})

test.each([
  ['ID=ubuntu\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\nPRETTY_NAME="Ubuntu 24.04.3 LTS"', 'Ubuntu 24.04.3 LTS'],
  ['ID=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\nPRETTY_NAME="Debian 11"', 'Debian 11'],
])('where the release %j has no QEMU that is new enough, nothing is installed', (release, name) => {
  expect(plan(['qemu-system-x86_64', 'mmdebstrap'], { ...debian12, release: parseOsRelease(release) })).toEqual({
    by: 'hand',
    sentence:
      `${name} has no packages of qemu-system-x86_64 10.0 or newer. ` +
      'Start a Docker Engine, which needs none of this on the host, or install them from elsewhere',
  })
})

test('what does not need QEMU is installed there all the same', () => {
  const release = parseOsRelease('ID=ubuntu\nVERSION_ID="24.04"\nVERSION_CODENAME=noble')
  expect(plan(['make'], { ...debian12, release })).toMatchObject({ by: 'apt' })
})

test.each([
  [
    'macOS',
    { platform: 'darwin', release: undefined },
    ['qemu-system-x86_64', 'qemu-img', 'mmdebstrap'],
    'osrun installs with apt only, which this host does not have. Run `brew install qemu`. ' +
      'No package is known here for mmdebstrap. ' +
      'Start a Docker Engine, which needs none of this on the host, or install them from elsewhere',
  ],
  [
    'Fedora',
    { platform: 'linux', release: parseOsRelease('ID=fedora\nVERSION_ID=43') },
    ['x86_64-w64-mingw32-gcc', 'make'],
    'osrun installs with apt only, which this host does not have. Run `sudo dnf install mingw64-gcc make`',
  ],
  [
    'a derivative of Fedora',
    { platform: 'linux', release: parseOsRelease('ID=rocky\nID_LIKE="rhel centos fedora"') },
    ['qemu-img'],
    'osrun installs with apt only, which this host does not have. Run `sudo dnf install qemu-img`. ' +
      'Start a Docker Engine, which needs none of this on the host, or install them from elsewhere',
  ],
  [
    'another Linux',
    { platform: 'linux', release: parseOsRelease('ID=alpine') },
    ['make'],
    'osrun installs with apt only, which this host does not have. No package is known here for make',
  ],
] as const)('%s has no apt: the packages are named, and nothing is installed', (_, host, names, sentence) => {
  expect(plan(names, { ...host, apt: false, sources: [] })).toEqual({ by: 'hand', sentence })
})

function plan(names: readonly string[], host: PackageHost) {
  return planInstallation(
    names.map((name) => {
      const found = requirements.find((requirement) => requirement.name === name)
      if (found === undefined) {
        throw new Error(`There is no requirement ${name}`)
      }
      return found
    }),
    host,
  )
}
