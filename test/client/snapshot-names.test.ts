import { expect, test } from 'vitest'
import { SnapshotNames } from '../../src/client/snapshot-names.ts'
import { OsrunError } from '../../src/protocol/errors.ts'

const names = new SnapshotNames({ git: 'git-0123456789abcdef', node: 'node-0123456789abcdef' })
const about = { guest: 'wine', createdAt: '2026-01-02T03:04:05.000Z', size: 1 }

test('a recipe has its own name here, and one with its content in the store', () => {
  expect(names.toStored('git')).toBe('git-0123456789abcdef')
  expect(names.toShown('git-0123456789abcdef')).toBe('git')
  expect(names.isRecipe('git')).toBe(true)
})

test('other snapshots have one name', () => {
  expect(names.toStored('office')).toBe('office')
  expect(names.toShown('office')).toBe('office')
  expect(names.isRecipe('office')).toBe(false)
})

test('a list has what can be restored by the names in it', () => {
  const infos = [
    { name: 'provisioned', ...about },
    { name: 'git-0123456789abcdef', parent: 'provisioned', recipe: 'git', ...about },
    { name: 'by-hand', parent: 'git-0123456789abcdef', ...about },
    // Of an older form, of another project, and by hand with a recipe's name.
    { name: 'git-fedcba9876543210', parent: 'provisioned', recipe: 'git', ...about },
    { name: 'java-0123456789abcdef', parent: 'provisioned', recipe: 'java', ...about },
    { name: 'node', ...about },
  ]
  expect(names.showAll(infos)).toEqual([
    { name: 'provisioned', ...about },
    { name: 'git', parent: 'provisioned', recipe: 'git', ...about },
    { name: 'by-hand', parent: 'git', ...about },
  ])
})

test('an error is told with the names of here, and is itself where it has none', () => {
  const error = new OsrunError('SNAPSHOT_DAMAGED', 'Snapshot "git-0123456789abcdef" is damaged')
  expect(names.tell(error)).toMatchObject({ code: 'SNAPSHOT_DAMAGED', message: 'Snapshot "git" is damaged' })
  const other = new OsrunError('RESTORE_FAILED', 'Snapshot "office" is damaged')
  expect(names.tell(other)).toBe(other)
})
