import { connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * What `echo COMMAND | ncat 127.0.0.1 PORT` says, tried until there is somebody who answers. Node's own modules only:
 * it is loaded by each file of the suite.
 * @param deadline milliseconds
 */
export async function ncat(port: number, command: string, deadline = 120_000): Promise<string> {
  const over = Date.now() + deadline
  for (;;) {
    try {
      const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
      socket.setTimeout(deadline, () => socket.destroy(new Error(`port ${port} was silent for ${deadline} ms`)))
      socket.end(`${command}\r\n`)
      const said = await text(socket)
      if (said !== '') {
        return said.trimEnd()
      }
    } catch (error) {
      if (Date.now() > over) {
        throw error
      }
    }
    if (Date.now() > over) {
      throw new Error(`port ${port} said nothing`)
    }
    await delay(10)
  }
}

/** A port that nobody uses at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once('error', reject)
      .listen(0, '127.0.0.1', () => {
        const address = server.address()
        const port = typeof address === 'object' ? address?.port : undefined
        server.close(() => resolve(port ?? 0))
      })
  })
}
