/** Waits for `work`, at most `milliseconds`. What it rejects with is left to whoever else waits for it. */
export async function within(milliseconds: number, work: () => Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, milliseconds)
  work().then(
    () => resolve(),
    () => resolve(),
  )
  await promise
  clearTimeout(timer)
}
