// look <command> <picture.png>: starts a program in a clean Windows and keeps what the screen then shows.
import { startServer } from 'vitest-environment-osrun/client'

// #region program
/** @param {string} command @param {string} path of the picture */
export async function look(command, path) {
  await using server = await startServer({ onProgress: ({ phase }) => process.stderr.write(`${phase}\n`) })
  await using win = await server.acquire({ snapshot: 'provisioned' })
  const before = await win.screenshot()
  const program = win.spawn(command)
  let shown = before
  for (let looks = 0; looks < 120 && Buffer.from(shown.png).equals(before.png); looks += 1) {
    await new Promise((done) => setTimeout(done, 500))
    shown = await win.screenshot({ path })
  }
  await program.kill()
  return { width: shown.width, height: shown.height }
}
// #endregion

if (import.meta.main) {
  const [command, path] = process.argv.slice(2)
  await look(command, path)
}
