import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type QemuCommand, startQemu } from '../../src/machines/qemu-process.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun test '))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

function command(program: string): QemuCommand {
  return { program, arguments: [], name: 'm1', qmpSocket: join(folder, 'm1.qmp') }
}

async function standIn(script: string): Promise<string> {
  const path = join(folder, 'stand in')
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

test('a program that does not exist is named', async () => {
  await expect(startQemu(command(join(folder, 'no qemu')))).rejects.toMatchObject({
    code: 'QEMU_UNUSABLE',
    message: expect.stringMatching(/no qemu/),
  })
})

test('a QEMU that exits early is told with its own words and its exit code', async () => {
  const program = await standIn('echo "unsupported machine type" >&2; exit 3')
  await expect(startQemu(command(program))).rejects.toMatchObject({
    code: 'QEMU_UNUSABLE',
    message: expect.stringMatching(/QEMU exited with code 3 after .*unsupported machine type.*osrun doctor/s),
  })
})

test('a wait that is canceled leaves no process and no listening socket', async () => {
  const program = await standIn(`echo $$ > "${folder}/pid"; exec sleep 1000`)
  const controller = new AbortController()
  const failed = startQemu(command(program), controller.signal)
  await expect.poll(() => readFile(join(folder, 'pid'), 'utf8').catch(() => '')).toMatch(/\d+\n/)
  controller.abort()
  await expect(failed).rejects.toMatchObject({ code: 'CANCELED' })
  expect(await readdir(folder)).not.toContain('m1.qmp')
  const pid = Number(await readFile(join(folder, 'pid'), 'utf8'))
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})
