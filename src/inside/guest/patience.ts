/** Milliseconds that Vitest gives a worker to begin, and that it gives it to answer then. No option of Vitest's says otherwise. */
export const vitestPatience = { begin: 90_000, answer: 60_000 } as const
/** What it gets here: a process that begins takes a minute in a guest that is emulated on a busy computer. */
export const ourPatience = 600_000

/** A `setTimeout` that waits longer where Vitest gives up on a worker. For Vitest's own process, not for its workers. */
export function patient(setTimeout: typeof globalThis.setTimeout): typeof globalThis.setTimeout {
  const longer = (work: (...args: unknown[]) => void, delay?: number, ...args: unknown[]) =>
    setTimeout(work, isForStart(delay) ? ourPatience : delay, ...args)
  return Object.assign(longer, setTimeout)
}

function isForStart(delay: number | undefined): boolean {
  // A worker gets as long to stop, and others wait a minute for other things: those stay as they are.
  const atStart = () => /\bPoolRunner\.start\b/.test(new Error().stack ?? '')
  return delay === vitestPatience.begin || (delay === vitestPatience.answer && atStart())
}
