import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OsrunServer, startServer, type Win } from '../../src/client/index.ts'
import { encode } from '../../src/windows/install/files.ts'
import { readScripts } from '../../src/windows/install/init-folder.ts'
import { registryFiles } from '../../src/windows/install/registry.ts'
import { type RegistryLine, readRegFile } from '../windows/install/reg-file.ts'

const scripts = await readScripts()
const textOf = (name: string) => scripts.get(`registry/${name}`) ?? ''
const hives = ['system', 'software', 'user'].map((name) => `HKEY_LOCAL_MACHINE\\osrun-${name}`)

let server: OsrunServer
let win: Win

beforeAll(async () => {
  server = await startServer()
  win = await server.acquire({ label: 'test/machine/windows-registry.test.ts' })
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})

/** What `reg query /s` lists. */
function parseQuery(text: string): RegistryLine[] {
  let key = ''
  return text.split('\n').flatMap((line) => {
    if (line.startsWith('HKEY_')) {
      key = line.trim()
      return [{ key }]
    }
    const [, name, type, data = ''] = /^ {4}(.+?) {4}(REG_\w+)(?: {4}(.*))?$/.exec(line) ?? []
    return name === undefined || type === undefined
      ? []
      : [{ key, name, type: type as 'REG_SZ' | 'REG_DWORD', data: data.trim() }]
  })
}

test('`reg import` takes every registry file, and every value of it is there afterwards', async () => {
  const lines = registryFiles.flatMap((name) => readRegFile(textOf(name)))
  const gone = lines.filter(({ name, type }) => name !== undefined && type === undefined)
  const stays = lines.filter((line) => !gone.includes(line))
  expect([gone.length, stays.length > 80]).toEqual([1, true])
  // What a file deletes is there first, as in Windows.
  for (const { key, name = '' } of gone) {
    await win.run(['reg', 'add', key, '/v', name, '/d', 'x', '/f'])
  }
  for (const name of registryFiles) {
    await win.writeFile(`C:\\registry files\\${name}`, encode(name, textOf(name)))
  }
  await win.run('for /r "C:\\registry files" %f in (*.reg) do @reg import "%f" || exit 1')
  const there: RegistryLine[] = []
  for (const hive of hives) {
    there.push(...parseQuery((await win.run(['reg', 'query', hive, '/s'])).stdout))
  }
  expect(there).toEqual(expect.arrayContaining(stays))
  const names = there.map(({ key, name }) => `${key} ${name}`)
  for (const { key, name } of gone) {
    expect(names).not.toContain(`${key} ${name}`)
  }
})
