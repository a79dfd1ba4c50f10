import { describe, expect, test } from 'vitest'
import { encode } from '../../../src/windows/install/files.ts'
import { readScripts } from '../../../src/windows/install/init-folder.ts'
import { noise } from '../../../src/windows/install/noise.ts'
import { registryFiles, registryFilesOf } from '../../../src/windows/install/registry.ts'
import { profiles } from '../../../src/windows/windows-guests.ts'
import { readRegFile } from './reg-file.ts'

const scripts = await readScripts()
const textOf = (name: string) => scripts.get(`registry/${name}`) ?? ''

/** Names of keys below the hives that an installation with these files changes, with what is set. */
function valuesOf(family: 'client' | 'server', profile: 'slim' | 'stock') {
  return registryFilesOf({ family, profile }).flatMap((name) => readRegFile(textOf(name)))
}

test('each file is known, and each that is known is there', () => {
  const there = [...scripts.keys()].filter((name) => name.startsWith('registry/'))
  expect(there.sort()).toEqual(registryFiles.map((name) => `registry/${name}`).sort())
})

describe.each(registryFiles)('%s', (name) => {
  test('is a registry file that changes the hive of its name only', () => {
    const hive = name
      .replace(/\.reg$/, '')
      .split('-')
      .at(-1)
    const lines = readRegFile(textOf(name))
    expect(lines.length).toBeGreaterThan(0)
    for (const { key } of lines) {
      expect(key.split('\\').slice(0, 2)).toEqual(['HKEY_LOCAL_MACHINE', `osrun-${hive}`])
    }
  })

  test('is UTF-16 with a mark on the medium', () => {
    const bytes = Buffer.from(encode(name, textOf(name)))
    expect(bytes.subarray(0, 2).toString('hex')).toBe('fffe')
    expect(bytes.toString('utf16le').slice(1)).toBe(textOf(name).replaceAll('\n', '\r\n'))
  })
})

test.each([
  ['client', 'slim'],
  ['server', 'slim'],
  ['client', 'stock'],
  ['server', 'stock'],
] as const)(
  'no value is set twice for a %s with profile %s, so that the order of files does not matter',
  (family, profile) => {
    const names = valuesOf(family, profile).flatMap(({ key, name }) => (name === undefined ? [] : [`${key} ${name}`]))
    expect(names.filter((each, index) => names.indexOf(each) !== index)).toEqual([])
  },
)

const services = (family: 'client' | 'server', profile: 'slim' | 'stock') =>
  valuesOf(family, profile)
    .filter(({ name, data }) => name === 'Start' && data === '0x4')
    .map(({ key }) => key.split('\\').at(-1))

test.each([
  ['Defender', ['MDCoreSvc', 'Sense', 'WdBoot', 'WdFilter', 'WdNisDrv', 'WdNisSvc', 'WinDefend']],
  ['updates', ['DoSvc', 'UsoSvc', 'WaaSMedicSvc', 'wuauserv']],
  ['indexing', ['SysMain', 'WSearch']],
])('slim has no %s, stock has', (_, names) => {
  expect(services('client', 'slim')).toEqual(expect.arrayContaining(names))
  expect(services('server', 'slim')).toEqual(expect.arrayContaining(names))
  expect(services('client', 'stock')).toEqual([])
})

test('what stock changes, slim changes too', () => {
  for (const family of ['client', 'server'] as const) {
    expect(valuesOf(family, 'slim')).toEqual(expect.arrayContaining(valuesOf(family, 'stock')))
  }
})

test('stock leaves policies alone but those that keep the machine from waiting for a person', () => {
  const policies = valuesOf('server', 'stock').filter(
    ({ key, name }) => name !== undefined && key.includes('\\Policies\\'),
  )
  expect(policies.map(({ name }) => name).sort()).toEqual([
    'DisablePrivacyExperience',
    'EnableFirstLogonAnimation',
    'NoLockScreen',
    'ShutdownReasonOn',
    'ShutdownReasonUI',
  ])
})

test.each(profiles)('apps and tasks of profile %s', (profile) => {
  const client = noise({ profile, family: 'client' })
  const server = noise({ profile, family: 'server' })
  expect([client.apps.length > 0, client.tasks.length > 0]).toEqual(Array(2).fill(profile === 'slim'))
  expect(server).toEqual({ apps: [], tasks: client.tasks })
})
