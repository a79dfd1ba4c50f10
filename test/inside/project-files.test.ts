import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ProjectFiles } from '../../src/inside/guest/project-files.ts'
import { temporaryProject } from './project.ts'

test('a system without links to folders has copies of them, which go along with what is sent', async () => {
  await using project = await temporaryProject({}, { git: false })
  const { folder } = project
  const files = new ProjectFiles(folder, () => {
    throw Object.assign(new Error('no links'), { code: 'ENOTSUP' })
  })
  const copied = (path: string) => readFileSync(join(folder, 'node_modules/lib', path), 'utf8')
  files.write('packages/lib/node_modules/own/index.js', Buffer.from('own'))
  files.link('node_modules/lib', 'packages/lib')
  expect(copied('node_modules/own/index.js')).toBe('own')
  files.write('packages/lib/src/index.js', Buffer.from('one'), 'digest')
  files.write('packages/library/index.js', Buffer.from('another'), 'digest')
  expect(copied('src/index.js')).toBe('one')
  files.write('packages/lib/src/index.js', Buffer.from('two'), 'digest')
  expect(copied('src/index.js')).toBe('two')
  expect(files.changes()).toMatchObject({ gone: [] })
  files.remove('packages/lib/src/index.js')
  expect(existsSync(join(folder, 'node_modules/lib/src/index.js'))).toBe(false)
})

test('another failure to link is one', async () => {
  await using project = await temporaryProject({}, { git: false })
  const files = new ProjectFiles(project.folder, () => {
    throw Object.assign(new Error('denied'), { code: 'EACCES' })
  })
  expect(() => files.link('node_modules/lib', 'packages/lib')).toThrow('denied')
})
