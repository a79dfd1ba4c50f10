import { existsSync } from 'node:fs'
import { execa } from 'execa'

/** Starts a program that ends when this process ends, however it ends: the kernel sees to it. */
export function startOwnProcess(program: string, words: readonly string[]) {
  const [file, given] = existsSync('/usr/bin/setpriv')
    ? ['/usr/bin/setpriv', ['--pdeathsig', 'KILL', '--', program, ...words]]
    : [program, words]
  return execa(file, given, { reject: false, buffer: false, stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' })
}

/** How a program ended, for a person: "QEMU exited with code 1". */
export function describeExit(name: string, result: Awaited<ReturnType<typeof startOwnProcess>>): string {
  if (result.exitCode === undefined && result.signal === undefined) {
    return `${name} did not start (${result.originalMessage})`
  }
  return result.signal === undefined
    ? `${name} exited with code ${result.exitCode}`
    : `${name} was ended by ${result.signal}`
}
