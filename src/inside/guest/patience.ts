/** Milliseconds that Vitest gives a worker to start. No option of Vitest's says otherwise. */
export const vitestPatience = 90_000
/** What it gets here: a process that begins takes a minute in a guest that is emulated on a busy computer. */
export const ourPatience = 600_000

/** A `setTimeout` that waits longer where Vitest gives up on a worker. For Vitest's own process, not for its workers. */
export function patient(setTimeout: typeof globalThis.setTimeout): typeof globalThis.setTimeout {
  const longer = (work: (...args: unknown[]) => void, delay?: number, ...args: unknown[]) =>
    setTimeout(work, delay === vitestPatience ? ourPatience : delay, ...args)
  return Object.assign(longer, setTimeout)
}
