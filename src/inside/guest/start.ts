// Starts the runner as a process of nobody's: it goes on when the command that started it has ended.
//   node start.js <log file> <port> <project folder>

import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const [log = '', ...others] = process.argv.slice(2)
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const runner = fileURLToPath(new URL(`./runner.${extension}`, import.meta.url))
const file = openSync(log, 'a')
spawn(process.execPath, [runner, ...others], { detached: true, stdio: ['ignore', file, file] }).unref()
