import { askOnTerminal } from '../../../src/runtime/requirements/ask.ts'

const answer = await askOnTerminal(() => undefined)('Install?')
process.stdout.write(`answer: ${answer}\n`)
