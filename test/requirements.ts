// Installs what the tests need besides, where it can: those whose program is missing are left out, and say so.

import { toOsrunError } from '../src/protocol/errors.ts'
import { ensureRequirements } from '../src/runtime/requirements/install.ts'

const out = (line: string) => process.stderr.write(`${line}\n`)

try {
  await ensureRequirements(['test', 'windows'], { out })
} catch (error) {
  out(`${toOsrunError(error).message}\nThe tests that need it are left out.`)
}
