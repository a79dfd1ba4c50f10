import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

const source = fileURLToPath(new URL('program.c', import.meta.url))

/** Compiles the program for the guest. @returns its path on this computer; its folder is the caller's to remove */
export async function buildProgram(): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'osrun program ')), 'program.exe')
  const warnings = ['-std=c11', '-Wall', '-Wextra', '-Werror']
  await execa('x86_64-w64-mingw32-gcc', [
    ...[...warnings, '-O2', '-static', '-s', '-municode', '-D_WIN32_WINNT=0x0A00', '-D__USE_MINGW_ANSI_STDIO=1'],
    ...['-o', path, source, '-lws2_32', '-lshell32', '-lole32', '-ladvapi32'],
  ])
  return path
}
