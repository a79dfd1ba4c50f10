import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { QemuStart } from '../../src/machines/qemu-arguments.ts'
import { startQemu } from '../../src/machines/qemu-process.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'osrun test '))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

function start(): QemuStart {
  const shape = {
    machineType: 'pc-q35-10.0',
    accelerator: 'tcg',
    cpuModel: 'qemu64',
    cpus: 1,
    memoryMiB: 16,
    screen: { width: 640, height: 480 },
    kernel: { image: '/none', initrd: '/none', commandLine: '' },
  } as const
  const socket = (kind: string) => join(folder, `m1.${kind}`)
  return {
    name: 'm1',
    shape,
    memory: { path: join(folder, 'ram'), use: 'template' },
    disk: join(folder, 'disk.qcow2'),
    network: 'isolated',
    incoming: false,
    sockets: { qmp: socket('qmp'), vnc: socket('vnc'), guestAgent: socket('qga') },
    serialLog: join(folder, 'serial.log'),
  }
}

async function standIn(script: string): Promise<string> {
  const path = join(folder, 'stand in')
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

test('a program that does not exist is named', async () => {
  await expect(startQemu(join(folder, 'no qemu'), start())).rejects.toMatchObject({
    code: 'QEMU_UNUSABLE',
    message: expect.stringMatching(/no qemu/),
  })
})

test('a QEMU that exits early is told with its own words and its exit code', async () => {
  const program = await standIn('echo "unsupported machine type" >&2; exit 3')
  await expect(startQemu(program, start())).rejects.toMatchObject({
    code: 'QEMU_UNUSABLE',
    message: expect.stringMatching(/QEMU exited with code 3 after [^]*unsupported machine type[^]*osrun doctor/),
  })
})

test('a wait that is canceled leaves no process and no listening socket', async () => {
  const program = await standIn(`echo $$ > "${folder}/pid"; exec sleep 1000`)
  const controller = new AbortController()
  const failed = startQemu(program, start(), controller.signal)
  await expect.poll(() => readFile(join(folder, 'pid'), 'utf8').catch(() => '')).toMatch(/\d+\n/)
  controller.abort()
  await expect(failed).rejects.toMatchObject({ code: 'CANCELED' })
  expect(await readdir(folder)).not.toContain('m1.qmp')
  const pid = Number(await readFile(join(folder, 'pid'), 'utf8'))
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})
