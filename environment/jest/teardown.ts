const key: unique symbol = Symbol.for('osrun.jest-teardowns.v1')

interface Holder {
  [key]?: (() => Promise<void>)[]
}

/** Jest calls a module for the set-up and another one afterwards, in one process. */
export function keepTeardown(teardown: () => Promise<void>): void {
  const holder = globalThis as Holder
  holder[key] = [...(holder[key] ?? []), teardown]
}

/** All that were kept, each once. */
export function takeTeardowns(): (() => Promise<void>)[] {
  const holder = globalThis as Holder
  const kept = holder[key] ?? []
  delete holder[key]
  return kept
}
