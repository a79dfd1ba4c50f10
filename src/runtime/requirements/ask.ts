import { createInterface } from 'node:readline/promises'

/** Asks for consent; true goes on. */
export type Ask = (question: string) => Promise<boolean>

/** The answer is yes, and nobody is asked. */
export const yes: Ask = () => Promise.resolve(true)

/**
 * Asks on the terminal, where return alone means yes, and Ctrl-C and Ctrl-D mean no. Where there is no terminal, and
 * in CI, it goes on and says so.
 */
export function askOnTerminal(out: (line: string) => void): Ask {
  return async (question) => {
    if (!process.stdin.isTTY || !process.stderr.isTTY || process.env.CI) {
      out('There is no terminal to ask on: going on.')
      return true
    }
    return readAnswer(question)
  }
}

async function readAnswer(question: string): Promise<boolean> {
  const dialog = createInterface({ input: process.stdin, output: process.stderr })
  const { promise: left, resolve: leave } = Promise.withResolvers<string>()
  dialog.once('SIGINT', () => leave('no'))
  dialog.once('close', () => leave('no'))
  try {
    const answer = await Promise.race([dialog.question(`${question} [Y/n] `), left])
    return /^\s*(y|yes|)\s*$/i.test(answer)
  } finally {
    dialog.close()
  }
}
