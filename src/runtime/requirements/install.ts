import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OsrunError } from '../../protocol/errors.ts'
import { type AptPlan, type PackageHost, type Plan, planInstallation } from './apt-plan.ts'
import { readAptSources } from './apt-sources.ts'
import { type Ask, askOnTerminal } from './ask.ts'
import { type Checked, checkRequirements, describeState, findProgram, titleOf } from './check.ts'
import { readRelease } from './os-release.ts'
import { type Purpose, purposes as purposeNames } from './requirements.ts'
import { elapsed, type Running, runStep } from './run-apt.ts'

/** How what is missing gets installed. */
export interface Installing {
  /** Asked once, before anything is changed. Default: on the terminal; where there is none it goes on. */
  readonly ask?: Ask
  /** Gets each line for the user. */
  readonly out: (line: string) => void
  /** Where the release and apt's sources are configured; default `/etc`. */
  readonly etc?: string
  readonly signal?: AbortSignal
}

/**
 * Installs with apt what these purposes need and this host lacks, after saying what, from where, why and with which
 * commands, and asking. Does nothing, and says nothing, where nothing is missing.
 * @returns true if something was installed
 * @throws OsrunError HOST_INCOMPLETE where there is no apt or no right to use it, the user declines, or apt fails: with
 *   apt's last lines and the commands
 */
export async function ensureRequirements(purposes: readonly Purpose[], installing: Installing): Promise<boolean> {
  const unmet = await findUnmet(purposes)
  if (unmet.length === 0) {
    return false
  }
  const { out, etc, ask = askOnTerminal(out) } = installing
  const lacks = `This host lacks for ${purposes.map((purpose) => purposeNames[purpose]).join(', ')}:`
  const lines = [lacks, ...unmet.map((checked) => `  ${describeUnmet(checked)}; it ${checked.requirement.why}`)]
  const plan = await planFor(unmet, etc)
  if (plan.by === 'hand') {
    throw new OsrunError('HOST_INCOMPLETE', [...lines, `${plan.sentence}.`].join('\n'))
  }
  const sudo = process.getuid?.() !== 0
  if (sudo && (await findProgram('sudo')) === undefined) {
    const next = 'You are not root and there is no sudo: have root do this, then run it again.'
    throw new OsrunError('HOST_INCOMPLETE', [...lines, ...describePlan(plan, false), next].join('\n'))
  }
  const announcement = [...lines, ...describePlan(plan, sudo)]
  for (const line of announcement) {
    out(line)
  }
  if (!(await ask('Install?'))) {
    throw new OsrunError('HOST_INCOMPLETE', 'Nothing was installed. Run the commands above yourself, or this again')
  }
  const began = Date.now()
  await carryOut(plan, { out, began, sudo, signal: installing.signal })
  const left = await findUnmet(purposes)
  if (left.length > 0) {
    const words = left.map((checked) => `  ${describeUnmet(checked)}`)
    throw new OsrunError('HOST_INCOMPLETE', ['The packages are installed, and yet:', ...words].join('\n'))
  }
  out(`  ${elapsed(began)}  installed`)
  return true
}

/** What these purposes need and this host lacks. */
async function findUnmet(purposes: readonly Purpose[]): Promise<Checked[]> {
  return (await checkRequirements(purposes)).filter(({ state }) => state !== 'ok')
}

function describeUnmet(checked: Checked): string {
  return `${titleOf(checked.requirement)}: ${describeState(checked)}`
}

/** How this host comes by what it lacks. @param etc default `/etc` */
export async function planFor(unmet: readonly Checked[], etc?: string): Promise<Plan> {
  const host: PackageHost = {
    platform: process.platform,
    release: await readRelease(etc),
    apt: (await findProgram('apt-get')) !== undefined,
    sources: await readAptSources(etc),
  }
  return planInstallation(
    unmet.map(({ requirement }) => requirement),
    host,
    etc,
  )
}

/** What will happen, for the user: packages with their origin, and every command. */
function describePlan({ packages, source, commands }: AptPlan, sudo: boolean): string[] {
  const origins = Map.groupBy(packages, ({ from }) => from)
  const prefix = sudo ? '  sudo ' : '  '
  return [
    'To be installed, from the mirror that apt uses here:',
    ...[...origins].map(([from, group]) => `  ${group.map(({ name }) => name).join(', ')} from ${from}`),
    ...(source === undefined ? [] : [`Written first, so that apt knows the backports: ${source.path}`]),
    ...(source === undefined
      ? []
      : source.text
          .trimEnd()
          .split('\n')
          .map((line) => `  | ${line}`)),
    'Commands:',
    ...commands.map((command) => `${prefix}${command.join(' ')}`),
  ]
}

const rememberedLines = 15

async function carryOut(plan: AptPlan, how: Omit<Running, 'hear'>): Promise<void> {
  const heard: string[] = []
  const hear = (line: string) => {
    heard.push(line)
    heard.splice(0, heard.length - rememberedLines)
  }
  const running = { ...how, hear }
  const removeSource = plan.source === undefined ? undefined : await addSource(plan.source, running)
  for (const command of plan.commands) {
    how.out(`  ${elapsed(how.began)}  ${command.join(' ')}`)
    const failure = await runStep(command, running)
    if (failure === undefined) {
      continue
    }
    const sentence = `\`${command.join(' ')}\` ${failure}`
    // One source that fails, of all that a user may have, does not keep apt from installing what others offer.
    if (command[1] === 'update' && !how.signal?.aborted) {
      how.out(`  ${elapsed(how.began)}  ${sentence}; going on with what apt knows`)
      continue
    }
    await removeSource?.()
    const words = heard.length === 0 ? 'It said nothing.' : `Its last lines:\n  ${heard.join('\n  ')}`
    throw new OsrunError(how.signal?.aborted ? 'CANCELED' : 'HOST_INCOMPLETE', `${sentence}. ${words}`)
  }
}

/** Makes a source known to apt. @returns what takes it back */
async function addSource(
  { path, text }: { path: string; text: string },
  running: Running,
): Promise<() => Promise<void>> {
  if (!running.sudo) {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
    await chmod(path, 0o644)
    return () => rm(path, { force: true })
  }
  const failure = await runStep(['tee', path], { ...running, hear: () => undefined, input: text })
  if (failure !== undefined) {
    throw new OsrunError('HOST_INCOMPLETE', `\`sudo tee ${path}\` ${failure}: the file could not be written.`)
  }
  return async () => {
    await runStep(['rm', '-f', path], { ...running, signal: undefined }) // also after a cancellation
  }
}
