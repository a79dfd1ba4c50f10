import * as v from 'valibot'

/**
 * The one line that `osrun serve` writes on stdout when it accepts connections. Everything else it says goes to stderr.
 */
const readyLine = v.object({ osrun: v.literal('ready'), url: v.string() })

/** The ready line, without its line end. */
export function formatReadyLine(url: string): string {
  return JSON.stringify({ osrun: 'ready', url })
}

/** The server's address when `line` is the ready line, otherwise undefined. */
export function parseReadyLine(line: string): string | undefined {
  if (!line.startsWith('{')) {
    return undefined
  }
  try {
    const parsed = v.safeParse(readyLine, JSON.parse(line))
    return parsed.success ? parsed.output.url : undefined
  } catch {
    return undefined
  }
}
