import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Win } from '../../src/client/index.ts'
import { buildProgram } from './program/build.ts'

/** Where the guest has the program of `program/program.c`. */
export const program = 'C:\\osrun-test\\program.exe'

/** Puts the program into a machine. */
export async function putProgram(win: Win): Promise<void> {
  const path = await buildProgram()
  try {
    await win.upload(path, program)
  } finally {
    await rm(dirname(path), { recursive: true, force: true })
  }
}
