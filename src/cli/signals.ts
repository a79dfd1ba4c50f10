import { OsrunError } from '../protocol/errors.ts'

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

/** A signal by which a person or a supervisor ends us. */
export type EndingSignal = keyof typeof signalNumbers
const endingSignals = Object.keys(signalNumbers) as EndingSignal[]

/** The exit code of a program that a signal ended, as shells have it. */
export function signalExitCode(signal: EndingSignal): number {
  return 128 + signalNumbers[signal]
}

/**
 * Has `end` called with the first signal that asks for the end. The next one is immediate: it ends the process, and the
 * kernel ends QEMU with it.
 * @returns what gives the signals back
 */
export function onEndingSignal(end: (signal: EndingSignal) => void): () => void {
  let asked = false
  const onSignal = (signal: EndingSignal) => {
    if (asked) {
      process.exit(signalExitCode(signal))
    }
    asked = true
    end(signal)
  }
  for (const signal of endingSignals) {
    process.on(signal, onSignal)
  }
  return () => {
    for (const signal of endingSignals) {
      process.off(signal, onSignal)
    }
  }
}

/**
 * Does what a command is for, with what ends it in order when a signal asks for that.
 * @returns the exit code of `work`, or that of the signal
 */
export async function endedBySignal(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const ending = new AbortController()
  let signaled: EndingSignal | undefined
  const giveBack = onEndingSignal((signal) => {
    signaled = signal
    ending.abort(new OsrunError('CANCELED', `osrun was ended by ${signal}.`))
  })
  try {
    return await work(ending.signal)
  } catch (error) {
    if (signaled !== undefined) {
      return signalExitCode(signaled)
    }
    throw error
  } finally {
    giveBack()
  }
}
