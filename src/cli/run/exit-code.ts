/** osrun's own failures, as docker and env have them: a guest's command cannot be mistaken for it. */
export const ownFailure = 125

/**
 * What a shell is told of a command's exit code: its low 8 bits, and never 0 for a code that is not 0.
 * @param code unsigned, 32 bits
 */
export function shellExitCode(code: number): number {
  return code === 0 ? 0 : code & 0xff || 1
}
