import { join } from 'node:path'
import { peFiles } from '../install/files.ts'
import type { Scripts } from '../install/init-folder.ts'
import { exportCommand, updateCommand, updateScript } from './command-lines.ts'
import type { OpenMedium } from './open-medium.ts'
import { runProgram } from './program.ts'
import { putFiles } from './stage.ts'
import type { Workshop } from './wim.ts'

/** Makes a WIM of the medium's Windows PE alone, which starts `pe.cmd`. */
export async function makeBootWim(
  medium: OpenMedium,
  scripts: Scripts,
  to: string,
  { onPercent, ...workshop }: Workshop & { onPercent: (percent: number) => void },
): Promise<void> {
  const { source, index, fast } = await medium.bootImage()
  const what = 'making boot.wim'
  await runProgram(exportCommand(source, index, to, { boot: true, fast }), { ...workshop, onPercent, what })
  const files = peFiles(scripts)
  await putFiles(join(workshop.folder, 'pe'), files)
  const input = updateScript(files.map(({ path }) => ({ from: `pe/${path}`, path })))
  await runProgram(updateCommand(to, 1), { ...workshop, input, what: 'putting pe.cmd into boot.wim' })
}
