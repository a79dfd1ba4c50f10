import type { RunningServer } from './runtime.ts'

/** A machine room that somebody else started, and that goes on after us. */
export function remote(url: string, token: string): RunningServer {
  const stop = async () => {}
  return { url, token, runtime: 'remote', stop, [Symbol.asyncDispose]: stop }
}
