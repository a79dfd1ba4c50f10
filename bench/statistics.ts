/** The middle, the 95th and the 99th percentile of some measurements, in their own unit. */
export interface Statistics {
  readonly median: number
  readonly p95: number
  readonly p99: number
  readonly count: number
}

export function summarize(values: readonly number[]): Statistics {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
  return { median: at(0.5), p95: at(0.95), p99: at(0.99), count: sorted.length }
}

/** Between these two is the true median, with a probability of 95 %, whatever the values are distributed like. */
export function medianBounds(values: readonly number[]): [low: number, high: number] {
  const sorted = values.toSorted((a, b) => a - b)
  // How many values are below the median is binomial.
  const rank = Math.max(0, Math.floor(sorted.length / 2 - 0.98 * Math.sqrt(sorted.length)))
  return [sorted[rank] ?? Number.NaN, sorted.at(-1 - rank) ?? Number.NaN]
}
