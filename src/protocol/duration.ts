/** Milliseconds for a person: "340 ms", "7.2 s", "48 s", "4 min 05 s". */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 999.5) {
    return `${Math.round(milliseconds)} ms`
  }
  if (milliseconds < 9_950) {
    return `${Number((milliseconds / 1000).toFixed(1))} s`
  }
  const seconds = Math.round(milliseconds / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}
