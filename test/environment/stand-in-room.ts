import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageBox } from '../client/desktop-lines.ts'
import { type Answers, lease, type Peer, type Program, startPeer, token } from '../client/peer.ts'
import { createProject, type Project, type VitestRun } from './project.ts'

/** The config of most projects. */
export const config = `
  import { osrun } from 'vitest-environment-osrun/plugin'
  export default { plugins: [osrun()] }
`

/** Of the room's guests: somebody asks. */
let dialog = ''

const program: Program = async (command) => {
  const text = /"(.*)"$/.exec(command.commandLine)?.[1] ?? ''
  if (command.request.self === true) {
    command.out(dialog)
    command.exit(0)
  } else if (text === 'ask') {
    const pid = 100 + command.stream
    dialog = messageBox.replaceAll('101', `${pid}`)
    await command.killed.promise
    dialog = ''
    command.exit(1, 'killed')
  } else if (text === 'hang') {
    await command.killed.promise
    command.exit(1, 'killed')
  } else if (text === 'flood') {
    await command.flood(200_000)
    command.exit(0)
  } else {
    command.out(`${text}\r\n`)
    command.exit(text.startsWith('fail') ? 7 : 0)
  }
}

/** Runs a project to its end with a machine room that stands in for a real one. */
export async function runProject(files: Record<string, string>, answers: Answers = {}, ...flags: string[]) {
  await using peer = await startRoom(answers)
  await using project = await createProject({ 'vitest.config.ts': config, ...files })
  const run = start(project, peer, ...flags)
  const exitCode = await run.ended
  const evidence = await readEvidence(project)
  return { exitCode, output: run.output(), asked: peer.asked, report: await readReport(project, flags), evidence }
}

/** Starts the project's tests with this machine room. */
export function start(project: Project, peer: Peer, ...flags: string[]): VitestRun {
  return project.run({ OSRUN_URL: peer.url, OSRUN_TOKEN: token }, ...flags)
}

/** A machine room of two machines, in whose guest a command says itself; `hang` hangs, `fail…` fails, and `ask` shows a dialog. */
export function startRoom(answers: Answers): Promise<Peer> {
  let machines = 0
  const rooms = { capacity: 2, queued: 0, leases: [], requests: [], standbys: [] }
  const status = { version: '0', accelerator: 'tcg', time: 0, ...rooms }
  const acquire = ({ snapshot }: Record<string, unknown>) => {
    machines += 1
    return { ...lease, machine: `m${machines}`, snapshot }
  }
  const simple: Answers = { install: () => ({ built: false }), screenshot: () => picture, mouse: () => null }
  const room: Answers = { ...simple, acquire, status: () => status }
  return startPeer({ ...room, ...answers }, program)
}

/** One black pixel. */
export const picture = {
  png: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==',
  ...{ width: 1, height: 1 },
}

/**
 * What there is in the folder of evidence: reports by their paths, and of pictures their size.
 * @param place where that folder is in the project's; by default where Vitest has it
 */
export async function readEvidence(
  { folder }: Pick<Project, 'folder'>,
  place = '.vitest/attachments/osrun',
): Promise<Record<string, string>> {
  const root = join(folder, place)
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const read = files.sort().map(async (file) => {
    const content = await readFile(file)
    return [file.slice(root.length + 1), file.endsWith('.png') ? `${content.length} bytes` : content.toString()]
  })
  return Object.fromEntries(await Promise.all(read))
}

async function readReport(project: Project, flags: string[]): Promise<string> {
  const file = flags.find((flag) => flag.startsWith('--outputFile='))?.split('=')[1]
  return file === undefined ? '' : readFile(join(project.folder, file), 'utf8')
}
