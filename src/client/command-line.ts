import { OsrunError } from '../protocol/errors.ts'
import { powershellCommandLine } from './powershell.ts'

/** `cmd`: a string goes to `cmd /d /s /c`. `powershell`: it is a script. `false`: the program is started directly. */
export type Shell = 'cmd' | 'powershell' | false

/** What Windows takes at most, without the final NUL. */
const longestCommandLine = 32_766

/**
 * The Windows command line for a command.
 *
 * A string goes to cmd as it is, unless `shell` is `false`; then it is the whole command line. Of an array each item
 * reaches the program exactly as given, by the rules of `CommandLineToArgvW`.
 * @throws OsrunError BAD_OPTION for what no command line can carry
 */
export function commandLine(command: string | readonly string[], shell?: Shell): string {
  const line = typeof command === 'string' ? stringLine(command, shell ?? 'cmd') : arrayLine(command, shell ?? false)
  if (line.length > longestCommandLine) {
    throw bad(`Expected a command line of at most ${longestCommandLine} characters, got ${line.length}`)
  }
  return line
}

/** The command as people read it: in messages, and as `RunResult.command`. */
export function describeCommand(command: string | readonly string[]): string {
  return typeof command === 'string' ? command : command.map(quoteArgument).join(' ')
}

function stringLine(command: string, shell: Shell): string {
  refuseNul(command)
  if (command.trim() === '') {
    throw bad('Expected a command, got an empty string')
  }
  if (shell === 'powershell') {
    return powershellCommandLine(command)
  }
  // With /s cmd takes off the first and the last quote and leaves all between them alone.
  return shell === 'cmd' ? `cmd /d /s /c "${command}"` : command
}

function arrayLine(command: readonly string[], shell: Shell): string {
  if (shell !== false) {
    throw bad('An array runs without a shell: leave out `shell`, or give the command as one string')
  }
  const [program, ...programArguments] = command
  if (program === undefined || program.trim() === '') {
    throw bad('Expected the first item of the command to be a program, got nothing')
  }
  for (const item of command) {
    refuseNul(item)
  }
  return [quoteProgram(program), ...programArguments.map(quoteArgument)].join(' ')
}

// Windows takes off dots and blanks at the end of a file name before it looks at the extension.
const script = /\.(?:bat|cmd)[. ]*$/i

/** The first item has rules of its own: no escapes, and it ends at the next quote. */
function quoteProgram(program: string): string {
  if (program.includes('"')) {
    throw bad(`Expected a program without a quote in its name, got ${program}`)
  }
  if (script.test(program)) {
    // Windows hands a script's arguments to cmd, which reads them by other rules: quoting for one lets the other run more.
    throw bad(`A .bat or .cmd script cannot be started from an array, got ${program}: give the command as one string`)
  }
  return /[ \t]/.test(program) ? `"${program}"` : program
}

/** `CommandLineToArgvW`: backslashes count double only in front of a quote. */
function quoteArgument(argument: string): string {
  if (argument !== '' && !/[\s"]/.test(argument)) {
    return argument
  }
  const escaped = argument.replace(/(\\*)"/g, String.raw`$1$1\"`).replace(/(\\+)$/, '$1$1')
  return `"${escaped}"`
}

function refuseNul(text: string): void {
  if (text.includes('\0')) {
    throw bad(`A command cannot hold a NUL character: ${JSON.stringify(text).slice(0, 200)}`)
  }
}

function bad(message: string): OsrunError {
  return new OsrunError('BAD_OPTION', message)
}
