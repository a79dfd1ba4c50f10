import type { WebSocket } from 'ws'

const interval = 20_000
const mostMissed = 3

/**
 * Watches for a peer that is gone without a word (power, network), which never closes its end.
 * @param onSilence called once, with the seconds of silence
 * @returns the end of the watch
 */
export function startHeartbeat(socket: WebSocket, onSilence: (seconds: number) => void): () => void {
  let missed = 0
  socket.on('pong', () => {
    missed = 0
  })
  const timer = setInterval(() => {
    if (missed === mostMissed) {
      clearInterval(timer)
      onSilence((missed * interval) / 1000)
      return
    }
    missed += 1
    socket.ping()
  }, interval)
  timer.unref()
  return () => clearInterval(timer)
}
