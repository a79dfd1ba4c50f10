import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { guestImage, probeFirmware, probeSteps } from '../../../src/machines/probe/guest.ts'
import { makeFolder } from './programs.ts'

const source = join(import.meta.dirname, '../../../src/machines/probe/guest.S')

test('the bytes in guest.ts are those of guest.S', { timeout: 60_000 }, async ({ skip }) => {
  const tools = await execa('as', ['--32', '--version'], { reject: false, stdin: 'ignore' })
  skip(!tools.stdout?.includes('GNU assembler'), 'there is no GNU assembler here')
  const cwd = await makeFolder()

  const assembled = await execa('as', ['--32', '-o', 'guest.o', source], { cwd, reject: false })
  skip(assembled.stderr?.includes('unrecognized option') ?? false, 'the assembler here is not for x86')
  expect(assembled.stderr).toBe('')
  await execa('ld', ['-m', 'elf_i386', '-Ttext=0x10000', '-o', 'guest.elf', 'guest.o'], { cwd })
  await execa('objcopy', ['-O', 'binary', '-j', '.text', 'guest.elf', 'guest.bin'], { cwd })

  expect((await readFile(join(cwd, 'guest.bin'))).toString('base64')).toBe(guestImage.toString('base64'))
})

test('the firmware has a size that QEMU takes and starts with a jump, 16 bytes before its end', () => {
  const firmware = probeFirmware()

  expect(firmware.length).toBe(65_536)
  expect(firmware.at(-16)).toBe(0xe9)
  expect(guestImage.length).toBe(512)
})

test('every letter that the guest writes has a name, and the other way round', async () => {
  const letters = (await readFile(source, 'utf8')).matchAll(/^\s+step\s+'(.)'$/gm)

  expect([...letters].map(([, letter]) => letter)).toEqual([...probeSteps.keys()])
})
