import type { AgentLink } from '../src/machines/agent-link.ts'
import { runCommand } from '../src/machines/run-command.ts'
import type { PageFaults } from './process-figures.ts'
import type { Row } from './results.ts'
import { summarize } from './statistics.ts'

/** One start of a machine: milliseconds until its guest ran, until its first command had ended, and QEMU's page faults. */
export interface Start extends PageFaults {
  readonly running: number
  readonly command: number
}

/** The first command, and what it says. */
export const said = { command: 'echo done', answer: 'done' } as const

/** Runs it in a guest, and waits for its end. */
export async function runFirstCommand(link: AgentLink): Promise<void> {
  await runCommand(link, `cmd /d /s /c "${said.command}"`, 60_000)
}

/** Rows of starts that were measured in turns. */
export function startRows(starts: Readonly<Record<string, readonly Start[]>>): Row[] {
  const rows = Object.entries(starts).map(([way, each]) => {
    const figures = (key: keyof Start) => summarize(each.map((start) => start[key]))
    const faults = { minor: figures('minor').median, major: figures('major').median }
    return [
      { what: `${way}: guest running`, unit: 'ms' as const, figures: figures('running') },
      { what: `${way}: first command ended`, unit: 'ms' as const, figures: figures('command'), faults },
    ]
  })
  return rows.flat()
}
