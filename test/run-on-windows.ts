// Runs the end-to-end tests on a real Windows, where one is installed: `npm run test:windows [-- <options of vitest>]`.

import { execa } from 'execa'
import { isWindows } from '../src/guests/guest.ts'
import { installedGuest } from '../src/guests/prepare.ts'
import { toOsrunError } from '../src/protocol/errors.ts'
import { ensureRequirements } from '../src/runtime/requirements/install.ts'
import { defaultCache, optionsFromEnvironment } from '../src/runtime/settings.ts'

/** What a user does in a machine. The other tests are about QEMU, the store and the wine guest's making. */
const files = [
  ...['win', 'files', 'processes', 'quoting', 'terminal', 'command', 'guest-life'],
  ...['desktop', 'dialogs', 'matchers', 'changes'],
]

const guest = optionsFromEnvironment(process.env).guest ?? 'win11'
const cache = defaultCache(process.env)
if (!isWindows({ name: guest })) {
  process.stderr.write(`Expected OSRUN_GUEST to be a guest that is Windows, got ${guest}.\n`)
  process.exit(1)
}
if ((await installedGuest(guest, { cache })) === undefined) {
  process.stdout.write(
    `No guest ${guest} is installed in ${cache}, so nothing was tested. \`npm run osrun -- install ${guest}\` installs ` +
      'it; OSRUN_GUEST names another one.\n',
  )
  process.exit(0)
}
// QEMU, and the compiler of the program that the tests put into the guest.
await ensureRequirements(['machines', 'build'], { out: (line) => process.stderr.write(`${line}\n`) }).catch((error) => {
  process.stderr.write(`${toOsrunError(error).message}\n`)
  process.exit(1)
})
const paths = files.map((name) => `test/machine/${name}.test.ts`)
const words = ['run', '--project', 'machine', ...paths, ...process.argv.slice(2)]
const env = { OSRUN_GUEST: guest }
const { exitCode = 1 } = await execa('vitest', words, { env, stdio: 'inherit', preferLocal: true, reject: false })
process.exit(exitCode)
