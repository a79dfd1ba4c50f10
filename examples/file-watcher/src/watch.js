// watch <folder>: tells on stdout each file that was made, changed or removed, until stdin ends.
import { statSync, watch } from 'node:fs'
import { join } from 'node:path'

const [folder] = process.argv.slice(2)
// Windows tells a change in pieces: of one file, only what it has come to is told.
const settling = new Map()
const watcher = watch(folder, { recursive: true }, (_, name) => {
  clearTimeout(settling.get(name))
  settling.set(name, setTimeout(tell, 300, name))
})
process.stdout.write('watching\n')
process.stdin.resume().on('end', () => watcher.close())

function tell(name) {
  settling.delete(name)
  const stat = statSync(join(folder, name), { throwIfNoEntry: false })
  if (stat === undefined || stat.isFile()) {
    process.stdout.write(`${stat === undefined ? 'removed' : 'written'} ${name}\n`)
  }
}
