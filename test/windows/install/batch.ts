// Looks for what makes a batch file fail without a word, or wait for a person who is not there.

/** Programs of Windows PE that the batch may use; it has neither PowerShell nor findstr. */
const programs = ['bcdboot', 'diskpart', 'dism', 'drvload', 'ping', 'reg', 'wpeinit', 'wpeutil'] as const

const builtIns = 'call copy del echo exit for goto if mkdir rem rmdir set setlocal type'.split(' ') as readonly string[]

/** A command of a batch file, and where it is. */
interface Command {
  readonly line: number
  readonly word: string
  /** From the word to the end of the line. */
  readonly text: string
}

/** The problems of a batch file: `<line>: <what>`. */
export function batchProblems(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes).toString('latin1')
  const lines = text.split('\r\n')
  const labels = new Set(lines.flatMap((line) => /^:(\w+)/.exec(line)?.[1]?.toLowerCase() ?? []))
  return [
    ...(/[^\r\n\x20-\x7e]/.test(text) ? ['0: has other characters than ASCII'] : []),
    ...(/(?<!\r)\n|\r(?!\n)/.test(text) ? ['0: has a line end that is not CRLF'] : []),
    ...(text.endsWith('\r\n') ? [] : ['0: does not end with a line end']),
    ...lines.flatMap((line, index) => (line.length > 8191 ? [`${index + 1}: is longer than cmd reads`] : [])),
    ...commandsOf(lines).flatMap((command) =>
      problemsOf(command, lines, labels).map((problem) => `${command.line}: ${problem}`),
    ),
    ...parenthesisProblems(lines),
  ]
}

/** Every command, also those behind conditions, loops, `&` and `||`. */
export function commandsOf(lines: readonly string[]): Command[] {
  return lines.flatMap((line, index) => {
    const bare = line.trim().replace(/^@/, '')
    if (bare === '' || bare.startsWith(':') || /^rem\b/i.test(bare)) {
      return []
    }
    // What is quoted is no command; the same length keeps positions.
    const shown = bare.replace(/"[^"]*"/g, (quoted) => `"${'_'.repeat(quoted.length - 2)}"`)
    const nested = /in \('([^']+)'\)/.exec(shown)
    const starts = new Set<number>()
    const begin = /(?:^|&&?|\|\|?|\bdo\b|\belse\b|\()\s*\(?/g
    for (const match of shown.replace(/ in \([^)]*\)/g, (list) => '_'.repeat(list.length)).matchAll(begin)) {
      starts.add(match.index + match[0].length)
    }
    const found = [...starts].flatMap((start) => commandAt(shown, bare, start, index + 1))
    return nested?.[1] === undefined ? found : [...found, ...commandAt(nested[1], nested[1], 0, index + 1)]
  })
}

function commandAt(shown: string, bare: string, start: number, line: number): Command[] {
  const rest = shown.slice(start)
  const before =
    /^(?:\s*\d?>{1,2}(?:&\d|\s*\S+)|\s*if (?:\/i )?(?:not )?(?:exist \S+|defined \S+|\S+==\S+)|\s*[()])*\s*/i
  const skipped = before.exec(rest)?.[0].length ?? 0
  const word = /^[A-Za-z%"][^\s&|<>()]*/.exec(rest.slice(skipped))?.[0]
  return word === undefined || word.toLowerCase() === 'else'
    ? []
    : [{ line, word: word.toLowerCase(), text: bare.slice(start + skipped) }]
}

function problemsOf({ word, text, line }: Command, lines: readonly string[], labels: ReadonlySet<string>): string[] {
  const target = /^(?:goto|call) :?(\w+)/i.exec(text)?.[1]?.toLowerCase()
  if (word === 'goto' || (word === 'call' && /^call :/i.test(text))) {
    return target !== undefined && (labels.has(target) || target === 'eof') ? [] : [`there is no label ${target}`]
  }
  if (builtIns.includes(word)) {
    return []
  }
  if (!(programs as readonly string[]).includes(word)) {
    return [`Windows PE has no ${word}, or nobody has said so`]
  }
  const own = lines[line - 1] ?? ''
  const next = lines[line] ?? ''
  const looked =
    / \|\| (?:set "bad=|call :note |rem )/.test(own) ||
    / && exit \/b 0$/.test(own) ||
    /^call :ended .* \|\| goto fail$/.test(next) ||
    /^for \/f .* do (?:set|if) /.test(own)
  return looked ? [] : [`nobody looks at the exit code of ${word}`]
}

/** A pipe, a caret or an unbalanced block does something else than it seems to. */
function parenthesisProblems(lines: readonly string[]): string[] {
  let open = 0
  const found: string[] = []
  for (const [index, line] of lines.entries()) {
    if (/^\s*rem\b/i.test(line)) {
      continue
    }
    const shown = line.replace(/"[^"]*"/g, '""')
    if (/(?<!\|)\|(?!\|)/.test(shown)) {
      found.push(`${index + 1}: has a pipe`)
    }
    open += (shown.match(/\(/g)?.length ?? 0) - (shown.match(/\)/g)?.length ?? 0)
    if (/^:/.test(line) && open !== 0) {
      found.push(`${index + 1}: a label inside of a block`)
    }
  }
  return open === 0 ? found : [...found, '0: has a block that is not closed']
}
