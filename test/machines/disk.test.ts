import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { baseName, createOverlay, flattenLayers, topName } from '../../src/machines/disk.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun disk '))
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', baseName, '64M'], { cwd: folder })
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function io(file: string, ...commands: string[]): Promise<void> {
  await execa('qemu-io', [...commands.flatMap((command) => ['-c', command]), file], { cwd: folder })
}

/** A chain of that many layers, top first, in which each has written, overwritten and discarded something. */
async function makeChain(length: number): Promise<string[]> {
  await io(baseName, 'write -P 1 0 8M')
  const layers: string[] = []
  for (let level = 0; level < length; level += 1) {
    const layer = await createOverlay('qemu-img', folder, topName(layers))
    await io(
      layer,
      `write -P ${level + 2} ${level}M 1500k`,
      `write -P ${level + 100} 40000k 64k`,
      `discard ${level * 640}k 64k`,
    )
    layers.unshift(layer)
  }
  return layers
}

test('a chain that was made one layer holds the same, over the same disk', async () => {
  const layers = await makeChain(10)
  const flat = await flattenLayers('qemu-img', folder, layers)
  await execa('qemu-img', ['compare', '-f', 'qcow2', '-F', 'qcow2', layers[0] ?? '', flat])
  const { stdout } = await execa('qemu-img', ['info', '--output=json', flat])
  expect(JSON.parse(stdout)).toMatchObject({ 'backing-filename': baseName, 'virtual-size': 64 * 2 ** 20 })
  const check = await execa('qemu-img', ['check', flat])
  expect(check.stdout).toContain('No errors were found')
})

test('it needs none of the layers that it was made of', async () => {
  const layers = await makeChain(3)
  const flat = await flattenLayers('qemu-img', folder, layers)
  await Promise.all(layers.map((layer) => rm(layer)))
  await io(
    flat,
    'read -P 4 2M 1500k',
    'read -P 3 1400k 600k',
    'read -P 0 1280k 64k',
    'read -P 102 40000k 64k',
    'read -P 1 6M 1M',
  )
})

test('a layer that is none is said by qemu-img itself', async () => {
  const lost = await createOverlay('qemu-img', folder, baseName)
  await rm(join(folder, baseName))
  await expect(flattenLayers('qemu-img', folder, [lost])).rejects.toMatchObject({
    code: 'QEMU_UNUSABLE',
    message: expect.stringContaining('`qemu-img rebase` failed'),
  })
})
