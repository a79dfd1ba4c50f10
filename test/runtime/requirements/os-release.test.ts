import { expect, test } from 'vitest'
import { parseOsRelease } from '../../../src/runtime/requirements/os-release.ts'

test.each([
  [
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n',
    { id: 'debian', like: [], name: 'Debian GNU/Linux 12 (bookworm)', version: '12', codename: 'bookworm' },
  ],
  [
    'PRETTY_NAME="Debian GNU/Linux forky/sid"\nVERSION_CODENAME=forky\nID=debian\n',
    { id: 'debian', like: [], name: 'Debian GNU/Linux forky/sid', codename: 'forky' },
  ],
  [
    'NAME="Linux Mint"\nVERSION_ID="22.1"\nID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=xia\n# a comment\n',
    { id: 'linuxmint', like: ['ubuntu', 'debian'], name: 'linuxmint', version: '22.1', codename: 'xia' },
  ],
  ['ID=\'a\'\nPRETTY_NAME="The \\"A\\" System"\n', { id: 'a', like: [], name: 'The "A" System' }],
  ['', { id: 'linux', like: [], name: 'linux' }],
])('the release is read from %j', (text, release) => {
  expect(parseOsRelease(text)).toEqual(release)
})
