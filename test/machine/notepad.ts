import type { Win } from '../../src/client/index.ts'

/**
 * The text that Notepad has saved in a file of `size` bytes, empty until it has. Nobody may read the file before: a reader in
 * the moment in which Notepad opens it keeps it from that, with a box "Sharing violation.", and nothing is ever saved.
 */
export async function savedText(win: Win, file: string, size: number): Promise<string> {
  const now = await win.stat(file)
  return now.size === size ? '' : Buffer.from(await win.readFile(file)).toString()
}
