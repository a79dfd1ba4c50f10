import { parse, stringify } from 'flatted'
import * as v from 'valibot'

/** A test, or a file as a whole where it failed outside of its tests. */
export interface Outcome {
  /** Project, file, and the names of suites and test. */
  readonly name: string
  readonly failed: boolean
}

/** What one run of Vitest has left with its blob reporter, under other names of projects. */
export interface Blob {
  /** Those names. */
  readonly projects: readonly string[]
  readonly outcomes: readonly Outcome[]
  /** @param idOf how Vitest knows a file of a project; each has its own */
  write(idOf: (project: string, path: string, pool?: string) => string): string
}

interface Task {
  id: string
  readonly name: string
  readonly type: string
  readonly tasks?: Task[]
  readonly logs?: { taskId?: string }[]
  readonly result?: { readonly state?: string; readonly errors?: readonly unknown[] }
}

interface File extends Task {
  readonly filepath: string
  readonly pool?: string
  projectName: string
}

// It comes from a guest. What is not looked at here is Vitest's to judge.
const shape = v.looseTuple([
  v.string(),
  v.array(v.looseObject({ id: v.string(), name: v.string(), filepath: v.string() })),
  v.unknown(),
  v.unknown(),
  v.unknown(),
  v.optional(v.record(v.string(), v.unknown())),
])

/**
 * A blob whose projects carry the name of the system that they ran in: Vitest then takes the same file of two systems for
 * two, in 4.1 as in 5, and every reporter that shows projects shows the system.
 * @param system e.g. `windows`
 * @throws ValiError for what is no blob
 */
export function nameSystem(text: string, system: string): Blob {
  const blob: unknown = parse(text)
  // As it is: what valibot gives is a copy, and tasks refer to their file.
  v.assert(shape, blob)
  const files = blob[1] as unknown as File[]
  const outcomes: Outcome[] = []
  for (const file of files) {
    const before = file.projectName || ''
    look(file, before === '' ? file.name : `${before} ${file.name}`, outcomes)
    file.projectName = projectIn(before, system)
  }
  const graphs = (blob[5] ?? {}) as Record<string, unknown>
  blob[5] = Object.fromEntries(Object.entries(graphs).map(([name, graph]) => [projectIn(name, system), graph]))
  return {
    projects: [...new Set(files.map(({ projectName }) => projectName))],
    outcomes,
    write(idOf) {
      for (const file of files) {
        rename(file, file.id, idOf(file.projectName, file.filepath, file.pool))
      }
      return stringify(blob)
    },
  }
}

/** What fails in one system and in no other, by system, in the order of the report. */
export function onlyFailures(outcomes: ReadonlyMap<string, readonly Outcome[]>): Map<string, string[]> {
  const failed = new Map(
    [...outcomes].map(([system, each]) => [
      system,
      new Set(each.filter((outcome) => outcome.failed).map(({ name }) => name)),
    ]),
  )
  const only = [...failed].map(([system, names]): [string, string[]] => {
    const others = [...failed].filter(([other]) => other !== system).map(([, each]) => each)
    return [system, [...names].filter((name) => !others.some((each) => each.has(name)))]
  })
  return new Map(only.filter(([, names]) => names.length > 0))
}

function projectIn(name: string, system: string): string {
  return name === '' ? system : `${name} (${system})`
}

function look(task: Task, name: string, outcomes: Outcome[]): void {
  if (task.tasks === undefined || (task.result?.errors?.length ?? 0) > 0) {
    outcomes.push({ name, failed: task.result?.state === 'fail' })
  }
  for (const child of task.tasks ?? []) {
    look(child, `${name} > ${child.name}`, outcomes)
  }
}

/** The ids of what a file holds begin with the file's. */
function rename(task: Task, file: string, id: string): void {
  const before = task.id
  task.id = before.startsWith(file) ? id + before.slice(file.length) : `${id}_${before}`
  for (const log of task.logs ?? []) {
    if (log.taskId === before) {
      log.taskId = task.id
    }
  }
  for (const child of task.tasks ?? []) {
    rename(child, file, id)
  }
}
