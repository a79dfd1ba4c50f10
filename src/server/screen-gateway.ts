import { once } from 'node:events'
import { connect } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { createWebSocketStream, type WebSocket } from 'ws'

/**
 * Passes bytes between a viewer's websocket and the unix socket on which a machine shows its screen, until either
 * ends. Never rejects: a viewer that is cut off connects again.
 */
export async function showScreen(websocket: WebSocket, socketPath: string): Promise<void> {
  const viewer = createWebSocketStream(websocket)
  const screen = connect(socketPath)
  viewer.on('error', () => {})
  screen.on('error', () => {})
  try {
    await once(screen, 'connect')
    await Promise.race([pipeline(viewer, screen), pipeline(screen, viewer)])
  } catch {
    // The machine or the viewer is gone.
  } finally {
    screen.destroy()
    viewer.destroy()
  }
}
