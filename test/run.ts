// All of the tests: `npm test`. The unit tests leave a core free, on which Docker builds the image that the container's tests start.

import { execa } from 'execa'

const vitest = (projects: readonly string[], stdio: 'inherit' | 'pipe') =>
  execa('vitest', ['run', '--passWithNoTests', ...projects.flatMap((project) => ['--project', project])], {
    all: true,
    preferLocal: true,
    reject: false,
    stdio: stdio === 'inherit' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  })

// Said when it has ended: two reports at once can be read by nobody.
const container = vitest(['container'], 'pipe')
const unit = await vitest(['unit'], 'inherit')
if (unit.exitCode !== 0) {
  container.kill()
}
const { all, exitCode } = await container
process.stdout.write(`\n${all}\n`)
if (unit.exitCode !== 0 || exitCode !== 0) {
  process.exit(1)
}
const rest = await vitest(['machine', 'installed'], 'inherit')
process.exit(rest.exitCode ?? 1)
