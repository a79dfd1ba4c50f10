import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { styleText } from 'node:util'
import { yes } from '../runtime/requirements/ask.ts'
import { type Diagnosis, type Examination, examineHost, purposesOf } from '../runtime/requirements/diagnosis.ts'
import type { EngineAnswer } from '../runtime/requirements/docker-engine.ts'
import type { Finding } from '../runtime/requirements/host-findings.ts'
import { ensureRequirements } from '../runtime/requirements/install.ts'
import { examineRoom } from '../runtime/requirements/machine-room.ts'
import { defaultCache, optionsFromEnvironment } from '../runtime/settings.ts'
import { isImage } from '../server/container.ts'
import { examineSnapshots } from './doctor-snapshots.ts'
import { checkGuest } from './run/options.ts'
import type { Listed } from './snapshots/list.ts'

/** Options of `osrun doctor`, as the command line gives them. */
export interface DoctorCommand {
  /** Installs what running machines on the host lacks, unless a Docker Engine makes that needless. */
  readonly install?: boolean
  /** Does not ask before it installs. */
  readonly yes?: boolean
  /** Which guest to judge by; default: that of the environment variables, else `wine`. */
  readonly guest?: string
  /** Writes the findings as JSON. */
  readonly json?: boolean
  /** Which runtime to judge by; default `auto`: that of the environment variables, or whichever can be used. */
  readonly runtime?: 'auto' | 'docker' | 'host'
  /** Default: that of the environment variables. */
  readonly cache?: string
  /** Where the findings go; default stdout. */
  readonly stdout?: Writable
  /** Where the progress of an installation goes; default stderr. */
  readonly stderr?: Writable
}

/**
 * Says what this host can do, what is missing and what to do about it, and installs that if asked to.
 * @returns the exit code: 0 if guests can be run in some way, else 1
 * @throws OsrunError BAD_OPTION, HOST_INCOMPLETE if something could not be installed
 */
export async function doctor(command: DoctorCommand = {}): Promise<number> {
  const { stdout = process.stdout } = command
  const diagnosis = await diagnose(command)
  stdout.write(command.json ? `${JSON.stringify(diagnosis, undefined, 2)}\n` : formatDiagnosis(diagnosis, stdout))
  return diagnosis.usable.length > 0 ? 0 : 1
}

/** The image lacks what speaks with an engine. */
async function engineAnswer(): Promise<EngineAnswer | undefined> {
  if (isImage()) {
    return undefined
  }
  const { askEngine } = await import('../runtime/requirements/docker-engine.ts')
  return askEngine()
}

/** What was found, as `--json` prints it; without snapshots where the machine room is elsewhere. */
interface Report extends Diagnosis {
  readonly snapshots?: readonly Listed[]
}

async function diagnose(command: DoctorCommand): Promise<Report> {
  const variables = optionsFromEnvironment(process.env)
  const { runtime = 'auto' } = command.runtime === undefined || command.runtime === 'auto' ? variables : command
  if (typeof runtime === 'object') {
    return examineRoom(runtime.url)
  }
  const guest = command.guest ?? variables.guest ?? 'wine'
  checkGuest(guest)
  const engine = await engineAnswer()
  if (command.install) {
    await install(runtime, engine, guest, command)
  }
  const { accel = 'auto', cache = defaultCache(process.env) } = variables
  const folder = resolve(command.cache ?? cache)
  const diagnosis = await examineHost({ runtime, accel, cache: folder, engine, guest })
  const guestFiles = process.env['OSRUN_GUEST_FILES']
  const { finding, snapshots } = await examineSnapshots({ cache: folder, accel, guestFiles })
  return { ...diagnosis, findings: [...diagnosis.findings, finding], snapshots }
}

async function install(
  runtime: Examination['runtime'],
  engine: EngineAnswer | undefined,
  guest: string,
  command: DoctorCommand,
): Promise<void> {
  const { stderr = process.stderr } = command
  const out = (line: string) => {
    stderr.write(`${line}\n`)
  }
  if (engine === undefined) {
    out('The image has all that machines need: nothing is installed.')
  } else if (runtime === 'docker') {
    out('Guests run in a container (runtime docker): nothing is installed on this host.')
  } else if (runtime === 'auto' && 'version' in engine) {
    out(
      `Docker Engine ${engine.version} answers, so that guests run in a container: nothing is installed on this host.`,
    )
    out('To run them on the host instead: OSRUN_RUNTIME=host, or --runtime host.')
  } else {
    await ensureRequirements(purposesOf(guest), { out, ...(command.yes ? { ask: yes } : {}) })
  }
}

const colours = { ok: 'green', missing: 'red', note: 'yellow' } as const

/** The findings as lines, coloured if `stream` is a terminal. */
export function formatDiagnosis({ findings, usable }: Diagnosis, stream: Writable): string {
  const width = Math.max(...findings.map(({ what }) => what.length))
  const lines = findings.flatMap(({ mark, what, detail, todo }) => [
    `${paint(mark, stream)}  ${what.padEnd(width)}  ${detail}`,
    ...(todo === undefined ? [] : [`${' '.repeat(markWidth + width + 4)}→ ${todo}`]),
  ])
  return [...lines, '', conclusion(usable), ''].join('\n')
}

const markWidth = 'missing'.length

function paint(mark: Finding['mark'], stream: Writable): string {
  return styleText(colours[mark], mark.padEnd(markWidth), { stream })
}

function conclusion([first, ...others]: Diagnosis['usable']): string {
  if (first === undefined) {
    return 'No guest can run yet: see what is missing above.'
  }
  if (isImage()) {
    return 'Guests run in this container.'
  }
  return `${conclusions[first]}${others.includes('host') ? ', or on this host with OSRUN_RUNTIME=host' : ''}.`
}

const conclusions = {
  docker: 'Guests run in a container',
  host: 'Guests run on this host',
  remote: 'Guests run in the machine room of OSRUN_URL',
} as const
