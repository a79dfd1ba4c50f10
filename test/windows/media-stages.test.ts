import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findAgent } from '../../src/guests/recipe.ts'
import { mediaStages } from '../../src/windows/media-stages.ts'
import { chooseWindows } from '../../src/windows/settings.ts'
import { inf } from './media/made-virtio-win.ts'

function noAgent(): string {
  try {
    findAgent()
    return ''
  } catch (error) {
    return ` (skipped: ${(error as Error).message})`
  }
}

const missing = noAgent()

test.skipIf(missing !== '')(`what is wished is in the key of the media${missing}`, async () => {
  const parent = await mkdtemp(join(tmpdir(), 'osrun wishes '))
  onTestFinished(() => rm(parent, { recursive: true }))
  const [folder, virtio] = [join(parent, 'steps'), join(parent, 'virtio')]
  await Promise.all([mkdir(folder), mkdir(virtio)])
  await writeFile(join(folder, '1-tools.ps1'), "Write-Output 'hello'\n")
  await writeFile(join(virtio, 'both.inf'), `${inf('DEV_1001')}${inf('DEV_1000')}`)
  const choice = chooseWindows('win11')
  const given = [
    ...[{}, { user: 'tester' }, { user: 'tester', password: 'one' }, { user: 'tester', password: 'two' }],
    ...[{ compact: true }, { ownSteps: folder }, { drivers: folder }, { virtioDrivers: virtio }],
  ]
  const keys = await Promise.all(given.map((media) => mediaStages.buildKey('win11', choice, media)))
  expect(new Set(keys).size).toBe(given.length)
  expect(await mediaStages.buildKey('win11', choice, { user: 'tester' })).toBe(keys[1])
  await writeFile(join(folder, '1-tools.ps1'), "Write-Output 'other'\n")
  expect(keys).not.toContain(await mediaStages.buildKey('win11', choice, { ownSteps: folder }))
})
