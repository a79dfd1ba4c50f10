import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cacheFinding, hostFindings, nodeFinding } from '../../../src/runtime/requirements/host-findings.ts'

test('a cache folder that is not there yet is judged by the one that it will be made in', async () => {
  await using folder = await temporaryFolder()
  const cache = join(folder.path, 'not', 'yet there')
  const finding = await cacheFinding(cache)
  expect(finding.mark).not.toBe('missing')
  expect(finding.detail).toMatch(/not\/yet there, \d+(\.\d)? [KMGT]?i?B free( \(\w+\))?$/)
  await expect(access(cache)).rejects.toThrow()
})

test('a cache folder that cannot be made is missing', async () => {
  await using folder = await temporaryFolder()
  await writeFile(join(folder.path, 'a file'), '')
  expect(await cacheFinding(join(folder.path, 'a file', 'cache'))).toMatchObject({
    mark: 'missing',
    todo: 'Make it yours, or choose another folder with OSRUN_CACHE',
  })
})

test.each([
  ['24.21.0', 'ok'],
  ['22.22.0', 'ok'],
  ['22.12.0', 'missing'],
  ['20.20.2', 'missing'],
])('Node %s is %s', (version, mark) => {
  expect(nodeFinding(version).mark).toBe(mark)
})

test('the host is told with its platform, Node, cache and capacity', async () => {
  const findings = await hostFindings(tmpdir())
  expect(findings.map(({ what }) => what)).toEqual(['platform', 'Node', 'cache', 'capacity'])
  expect(findings[0]?.detail).toContain(process.platform)
  expect(findings[3]?.detail).toMatch(/^\d+ cores?, .* up to \d+ machines? of guest wine at once$/)
})

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'osrun cache '))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
