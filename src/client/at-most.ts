/**
 * Does `work` for each item, at most `limit` at a time. The first failure ends it: what is under way is waited for, and
 * nothing more is begun.
 */
export async function atMost<T>(limit: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values()
  let failed = false
  async function next(): Promise<void> {
    for (const item of left) {
      if (failed) {
        return
      }
      await work(item)
    }
  }
  const workers = Array.from({ length: Math.min(limit, items.length) }, () =>
    next().catch((error: unknown) => {
      failed = true
      throw error
    }),
  )
  const outcomes = await Promise.allSettled(workers)
  const failure = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failure !== undefined) {
    throw failure.reason
  }
}
