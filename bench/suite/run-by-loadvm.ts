// Loaded by each test file of the suite that is measured beside osrun's: Node's own modules only, so that loading it
// costs as little as a file's own few lines would.
import { readFile } from 'node:fs/promises'
import { freePort, ncat } from './ncat.ts'
import { startQemu } from './qemu.ts'

/** Runs one command in a guest of its own, as osrun does: start QEMU with the snapshot, say it to ncat, end QEMU. */
export async function runByLoadvm(command: string): Promise<string> {
  const { qemu, commandLines } = JSON.parse(await readFile('loadvm.json', 'utf8'))
  const port = await freePort()
  const own: string[] = commandLines[Number(process.env['VITEST_POOL_ID']) - 1]
  const started = startQemu(
    qemu,
    own.map((word) => word.replace('PORT', String(port))),
  )
  try {
    return await Promise.race([ncat(port, command), started.early])
  } finally {
    await started.end()
  }
}
