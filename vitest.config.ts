import { defineConfig } from 'vitest/config'
import type { Reporter } from 'vitest/node'
import { docker } from './src/runtime/docker.ts'

// A guest under software emulation is slow, and this many machines at once are enough for it.
const slow = { testTimeout: 180_000, hookTimeout: 1_200_000, maxWorkers: 1, fileParallelism: false } as const
const machineTests = ['test/machine/**/*.test.ts']
const imageTests = ['test/image/**/*.test.ts']
const withoutDocker = await docker.unavailable()
if (withoutDocker !== undefined) {
  process.stderr.write(`The tests of runtime docker are left out: ${withoutDocker}\n`)
}

// unit: needs no virtual machine. machine: the wine guest on the host's QEMU. container: the same guest in a container, and the
// image as a person starts it, where a Docker Engine answers. installed: the packed package in a folder of its own.
// One line at the end that a program can read as well.
const closingLine: Reporter = {
  onTestRunEnd(modules) {
    const states = modules.flatMap((module) => [...module.children.allTests()].map((each) => each.result().state))
    const count = (state: string) => states.filter((each) => each === state).length
    const line = `tests: ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`
    process.stdout.write(`\n${line}\n`)
  },
}

export default defineConfig({
  test: {
    reporters: ['default', closingLine],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...machineTests, ...imageTests, 'test/installed/**'],
          testTimeout: 60_000,
        },
      },
      { test: { name: 'machine', include: machineTests, env: { OSRUN_RUNTIME: 'host' }, ...slow } },
      {
        test: {
          name: 'container',
          include: [
            ...['win', 'files', 'terminal', 'replay'].map((name) => `test/machine/${name}.test.ts`),
            ...imageTests,
          ],
          exclude: withoutDocker === undefined ? [] : ['**'],
          env: { OSRUN_RUNTIME: 'docker' },
          ...slow,
        },
      },
      { test: { name: 'installed', include: ['test/installed/**/*.test.ts'], ...slow, testTimeout: 900_000 } },
    ],
  },
})
