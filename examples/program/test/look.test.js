import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { look } from '../look.js'

test('keeps a picture of what a program shows', { timeout: 600_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'look-'))
  try {
    const picture = join(folder, 'notepad.png')
    assert.deepEqual(await look('notepad', picture), { width: 1024, height: 768 })
    assert.equal((await readFile(picture)).toString('latin1', 1, 4), 'PNG')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
