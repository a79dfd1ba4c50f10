import { OsrunError } from '../protocol/errors.ts'

/** What `-EncodedCommand` may hold, so that the command line stays within what Windows takes. */
const longestScript = 12_000

// Windows PowerShell writes redirected output in the system's old code page and progress bars to stderr, goes on after
// errors, and forgets the exit code of the program that ran last.
const prologue =
  '[Console]::OutputEncoding = $OutputEncoding = [Text.UTF8Encoding]::new($false); ' +
  "$ProgressPreference = 'SilentlyContinue'; $ErrorActionPreference = 'Stop'\n"
const epilogue = '\nif (Test-Path -LiteralPath variable:LASTEXITCODE) { exit $LASTEXITCODE }'

/**
 * The command line that runs a PowerShell script: an error in it ends it with exit code 1, otherwise it has the exit code
 * of the last program that it ran, or of `exit`.
 * @throws OsrunError BAD_OPTION for a script that is too long for a command line
 */
export function powershellCommandLine(script: string): string {
  if (script.length > longestScript) {
    throw new OsrunError(
      'BAD_OPTION',
      `Expected a PowerShell script of at most ${longestScript} characters, got ${script.length}: write it to a file with ` +
        '`win.writeFile`, and run `powershell -ExecutionPolicy Bypass -File <path>`',
    )
  }
  const encoded = Buffer.from(`${prologue}${script}${epilogue}`, 'utf16le').toString('base64')
  return `powershell -NoLogo -NoProfile -NonInteractive -ExecutionPolicy Bypass -OutputFormat Text -EncodedCommand ${encoded}`
}
