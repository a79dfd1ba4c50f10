#!/usr/bin/env node
// column <name> [<file>]: prints one column of comma separated values, of a file or of stdin.
// Exit code 1: the file cannot be read. 2: there is no such column, or the command line is wrong.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const { values, positionals } = parse()
const [name, file] = positionals
const rows = read(file)
  .split(/\r?\n/)
  .filter((line) => line !== '')
  .map((line) => line.split(values.separator))
const index = rows[0]?.indexOf(name) ?? -1
if (index === -1) {
  end(2, `no column ${name}; there is: ${rows[0]?.join(', ') ?? 'nothing'}`)
}
for (const row of rows.slice(1)) {
  process.stdout.write(`${row[index] ?? ''}\n`)
}

function parse() {
  try {
    const options = { separator: { type: 'string', short: 's', default: ',' } }
    const parsed = parseArgs({ options, allowPositionals: true })
    return parsed.positionals.length > 0 ? parsed : end(2, 'usage: column [-s <separator>] <name> [<file>]')
  } catch (error) {
    return end(2, error.message)
  }
}

function read(path = 0) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    return end(1, error.code === 'ENOENT' ? `no file ${path}` : error.message)
  }
}

function end(code, message) {
  process.stderr.write(`column: ${message}\n`)
  process.exit(code)
}
