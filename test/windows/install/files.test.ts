import { describe, expect, test } from 'vitest'
import { renderAnswerFile } from '../../../src/windows/install/answer-file.ts'
import { installFiles, peFiles } from '../../../src/windows/install/files.ts'
import { readScripts } from '../../../src/windows/install/init-folder.ts'
import { sample, samples } from './samples.ts'

const scripts = await readScripts()
const additions = { agent: '/host/osrun-agent.exe', own: [{ name: '10-tools.ps1', source: '/host/10-tools.ps1' }] }
const filesOf = (install: (typeof samples)[number]) => installFiles(install, scripts, '0123456789abcdef', additions)
const pe = scripts.get('pe.cmd') ?? ''

function contentOf(install: (typeof samples)[number], path: string): string {
  const file = filesOf(install).find((each) => each.path === path)
  return file !== undefined && 'content' in file ? Buffer.from(file.content).toString('latin1') : ''
}

describe.each(samples.map((install) => [`${install.guest} ${install.profile} for ${install.user}`, install] as const))(
  'the medium for %s',
  (_, install) => {
    const paths = filesOf(install).map(({ path }) => path)

    test('has each file once, by a name that any file system takes', () => {
      expect(new Set(paths.map((path) => path.toLowerCase())).size).toBe(paths.length)
      for (const path of paths) {
        expect(path).toMatch(/^osrun\/(?:[A-Za-z0-9][A-Za-z0-9._-]{0,63}\/)*[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
      }
    })

    test('has every file that pe.cmd names', () => {
      const named = [...pe.matchAll(/%boot%\\(osrun\\[^"*]+?)(?:\\\*[^"]*)?"/g)].map(([, path = '']) => path)
      const uefi = named.map((path) => path.replaceAll('\\', '/').replace('%firmware%', 'uefi'))
      const bios = named.map((path) => path.replaceAll('\\', '/').replace('%firmware%', 'bios'))
      const wanted = new Set([...uefi, ...bios].filter((path) => !path.startsWith('osrun/drivers')))
      expect([...wanted].sort()).toEqual(
        ['disk-bios.txt', 'disk-uefi.txt', 'init', 'own', 'registry', 'settings.cmd', 'unattend.xml'].map(
          (name) => `osrun/${name}`,
        ),
      )
      for (const name of wanted) {
        expect(paths.some((path) => path === name || path.startsWith(`${name}/`))).toBe(true)
      }
    })

    test('has every file that the answer file and the scripts of Windows look for beside them', () => {
      const started = [...renderAnswerFile(install).matchAll(/C:\\osrun\\([\w.-]+)/g)].map(([, name]) => name)
      expect(started).toEqual(['boot-0.ps1', 'boot-1.ps1'])
      const read = ['boot-0.ps1', 'boot-1.ps1', 'steps.ps1'].flatMap((name) =>
        [...(scripts.get(name) ?? '').matchAll(/\$Root\\([\w-]+\.(?:ps1|json|exe))/g)].map(([, each]) => each),
      )
      expect(new Set(read)).toEqual(new Set(['steps.ps1', 'settings.json', 'osrun-agent.exe']))
      for (const name of [...started, ...read]) {
        expect(paths).toContain(`osrun/init/${name}`)
      }
    })

    test('has settings for every name that the scripts ask for', () => {
      const settings = JSON.parse(contentOf(install, 'osrun/init/settings.json'))
      expect(contentOf(install, 'osrun/init/settings.json')).toMatch(/^[\r\n\x20-\x7e]*$/)
      const all = [...scripts.values()].join('\n')
      const asked = new Set([...all.matchAll(/\$Settings\.(\w+)/g)].map(([, name]) => name))
      expect(Object.keys(settings)).toEqual(expect.arrayContaining([...asked]))
      expect(settings).toMatchObject({ user: install.user, password: install.password, key: '0123456789abcdef' })
      for (const [, step = ''] of all.matchAll(/^Invoke-Step '([^']+)'/gm)) {
        expect(settings.minutes[step]).toBeGreaterThan(0)
      }
    })
  },
)

test('the registry files are those of profile and guest', () => {
  const names = (what: Parameters<typeof sample>[0]) =>
    filesOf(sample(what)).flatMap(({ path }) => /^osrun\/registry\/(.*)/.exec(path)?.[1] ?? [])
  expect(names({ guest: 'win11', profile: 'stock' })).toEqual(['both-software.reg', 'both-system.reg', 'both-user.reg'])
  expect(names({ guest: 'server2022', profile: 'slim' })).toHaveLength(8)
  expect(names({ guest: 'server2022', profile: 'stock' })).toContain('both-server-software.reg')
})

test('settings.cmd has the image that was found, and whether it is kept compressed', () => {
  expect(contentOf(sample({ image: { index: 4 } }, { compact: true }), 'osrun/settings.cmd')).toBe(
    'set "index=4"\r\nset "profile=slim"\r\nset "compact=/Compact"\r\nset "key=0123456789abcdef"\r\n',
  )
})

test('drivers and own steps keep their names', () => {
  const files = installFiles(sample(), scripts, 'k', {
    agent: '/a.exe',
    drivers: [{ name: 'viostor/w11/amd64/viostor.inf', source: '/d/viostor.inf' }],
  })
  expect(files.at(-1)).toEqual({ path: 'osrun/drivers/viostor/w11/amd64/viostor.inf', source: '/d/viostor.inf' })
})

test('Windows PE starts pe.cmd in place of its own prompt', () => {
  const [ini, batch] = peFiles(scripts)
  expect([ini?.path, batch?.path]).toEqual(['Windows/System32/winpeshl.ini', 'osrun/pe.cmd'])
  expect(scripts.get('winpeshl.ini')).toContain('X:\\osrun\\pe.cmd')
})
