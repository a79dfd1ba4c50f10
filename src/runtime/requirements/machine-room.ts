import type { Diagnosis } from './diagnosis.ts'

/** Whether the machine room at this websocket address is up. */
export async function examineRoom(url: string, deadlineMs = 3000): Promise<Diagnosis> {
  const what = 'machine room'
  const health = new URL('/healthz', url.replace(/^ws/, 'http'))
  try {
    const { ok, status } = await fetch(health, { signal: AbortSignal.timeout(deadlineMs), redirect: 'manual' })
    if (ok) {
      return { usable: ['remote'], findings: [{ mark: 'ok', what, detail: `${url} (OSRUN_URL) answers` }] }
    }
    throw new Error(`it answered with status ${status}`)
  } catch (error) {
    const reason =
      error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error)
    const todo = 'Start it there with `osrun serve`, or unset OSRUN_URL'
    return { usable: [], findings: [{ mark: 'missing', what, detail: `${url} (OSRUN_URL): ${reason}`, todo }] }
  }
}
