import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { isAbsolute, join, relative, sep } from 'node:path'

/** All files below a folder, as patterns and addresses have them: relative, with `/`, in one order everywhere. */
export function listFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}

/** True where a path lies in a folder. On Windows there may be no way from one to the other: they are on two drives. */
export function isInside(folder, path) {
  const way = relative(folder, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** Edits a text file line by line, and leaves it the line ends that it has. */
export function editLines(file, edit) {
  const text = readFileSync(file, 'utf8')
  const end = text.includes('\r\n') ? '\r\n' : '\n'
  writeFileSync(file, text.split(/\r?\n/).map(edit).join(end))
}
