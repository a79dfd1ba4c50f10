import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import type { Win } from '../../../src/client/index.ts'
import { encode, installFiles } from '../../../src/windows/install/files.ts'
import { readScripts } from '../../../src/windows/install/init-folder.ts'
import { sample } from '../../windows/install/samples.ts'

const source = fileURLToPath(new URL('stand-in.c', import.meta.url))
const programs = ['bcdboot', 'diskpart', 'dism', 'drvload', 'ping', 'reg', 'wpeutil']
const scripts = await readScripts()

export const key = '0123456789abcdef'
/** What lies on the medium, which is a folder here. */
export const files = installFiles(sample(), scripts, key, {
  agent: source,
  own: [{ name: '10 tools.ps1', source }],
  drivers: [{ name: 'viostor/w11/viostor.inf', source }],
})

/** Puts a medium, the batch and stand-ins for Windows PE's programs into the machine. */
export async function putPe(win: Win): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'osrun stand-in '))
  try {
    const program = join(folder, 'stand-in.exe')
    const warnings = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-Wno-format-truncation']
    await execa('x86_64-w64-mingw32-gcc', [...warnings, '-O1', '-static', '-s', '-o', program, source])
    for (const name of programs) {
      await win.upload(program, `C:\\pe\\${name}.exe`)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  await win.writeFile('C:\\pe\\pe.cmd', encode('pe.cmd', scripts.get('pe.cmd') ?? ''))
  for (const file of files) {
    const content = 'content' in file ? file.content : await readFile(file.source)
    await win.writeFile(`C:\\medium\\${file.path.replaceAll('/', '\\')}`, content)
  }
}

/** How a run of the batch went. */
export interface PeRun {
  readonly exitCode: number | undefined
  /** What its log has, a step and a state each. */
  readonly log: readonly string[]
  /** The command lines of the programs that it ran. */
  readonly calls: readonly string[]
  /** What went to the port last. */
  readonly port: string
}

/** Runs the batch in a world that is as `world` says. */
export async function runPe(win: Win, world: Record<string, string> = {}, image = 'install.wim'): Promise<PeRun> {
  await win.run(
    'rmdir /s /q C:\\target & rmdir /s /q C:\\medium\\sources & del C:\\pe\\calls.txt C:\\pe\\pe.log C:\\pe\\port.txt',
    {
      reject: false,
    },
  )
  await win.writeFile(`C:\\medium\\sources\\${image}`, 'an image')
  const { exitCode } = await win.run('pe.cmd', {
    cwd: 'C:\\pe',
    reject: false,
    env: {
      ...{
        STAND_IN: 'C:\\pe',
        STAND_IN_DISKS: '1',
        STAND_IN_MAKER: 'QEMU',
        STAND_IN_FIRMWARE: '0x1',
        STAND_IN_CODE: '1',
      },
      ...{ target: 'C:\\target', system: 'C:\\efi', drives: 'Q: C:\\medium', patience: '1', port: 'C:\\pe\\port.txt' },
      PATH: 'C:\\pe;C:\\windows\\system32;C:\\windows',
      ...world,
    },
  })
  const read = async (name: string) => (await win.readFile(`C:\\pe\\${name}`, 'utf8')).split(/\r?\n/).filter(Boolean)
  const log = (await read('pe.log')).flatMap((line) => /^ ?\d+:\S+ (?:[AP]M )?(.*?) *$/.exec(line)?.[1] ?? [])
  return { exitCode, log, calls: await read('calls.txt'), port: (await read('port.txt')).join('\n') }
}
