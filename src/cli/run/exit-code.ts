/** osrun's own failures, as docker and env have them: a guest's command cannot be mistaken for it. */
export const ownFailure = 125

/**
 * What a shell is told of a command's exit code: its low 8 bits, and never 0 for a code that is not 0.
 * @param code unsigned, 32 bits
 */
export function shellExitCode(code: number): number {
  return code === 0 ? 0 : code & 0xff || 1
}

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

/** A signal by which a person or a supervisor ends us. */
export type EndingSignal = keyof typeof signalNumbers
export const endingSignals = Object.keys(signalNumbers) as EndingSignal[]

/** The exit code of a program that a signal ended, as shells have it. */
export function signalExitCode(signal: EndingSignal): number {
  return 128 + signalNumbers[signal]
}
