// A process of its own, on this computer: the project's Vitest merges what several runs of it have reported.
//   node merge-main.js <folder of the blobs> <JSON object: system of each file that has one> [arguments of Vitest]

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Blob, nameSystem, type Outcome, onlyFailures } from './blob.ts'
import { vitestLibrary } from './vitest-here.ts'

const [folder = '', given = '{}', ...words] = process.argv.slice(2)
const systems: Readonly<Record<string, string>> = JSON.parse(given)
const colors = ['blue', 'yellow', 'magenta', 'green'] as const

const blobs = new Map<string, Blob>()
const outcomes = new Map<string, Outcome[]>()
for (const [file, system] of Object.entries(systems)) {
  const path = join(folder, file)
  const blob = nameSystem(await readFile(path, 'utf8'), system)
  blobs.set(path, blob)
  outcomes.set(system, [...(outcomes.get(system) ?? []), ...blob.outcomes])
}
const names = [...new Set([...blobs.values()].flatMap(({ projects }) => projects))]

let isDone = false
const withSystems: import('vite').Plugin = {
  name: 'osrun-systems',
  async configureVitest({ injectTestProjects }) {
    if (isDone) {
      return
    }
    isDone = true
    const projects = await injectTestProjects(
      names.map((label, index) => ({
        extends: true,
        // It runs nothing: reporters want to know a project by the name that a report has.
        test: { name: { label, color: colors[index % colors.length] ?? 'blue' } },
      })),
    )
    for (const [path, blob] of blobs) {
      // Vitest looks for a file's results under the id that it would give the file itself.
      const idOf = (name: string, file: string) =>
        projects.find((project) => project.name === name)?.createSpecification(file).taskId ?? `${name} ${file}`
      await writeFile(path, blob.write(idOf))
    }
  },
}

const { parseCLI, startVitest }: typeof import('vitest/node') = await import(
  pathToFileURL(vitestLibrary(process.cwd())).href
)
const { filter, options } = parseCLI(['vitest', 'run', `--merge-reports=${folder}`, ...words])
const vitest = await startVitest('test', filter, options, names.length > 0 ? { plugins: [withSystems] } : {})
if (outcomes.size > 1) {
  // What a person wants to know first of two systems.
  for (const [system, tests] of onlyFailures(outcomes)) {
    process.stderr.write(`\nFails in ${system} only:\n${tests.map((name) => `  ${name}\n`).join('')}`)
  }
}
if (!vitest.shouldKeepServer()) {
  await vitest.exit()
}
