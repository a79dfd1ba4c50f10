import type { Environment } from 'vitest/runtime'
import { createSession, type Session, sessionKey } from './session.ts'
import { within } from './within.ts'

// Vitest kills a worker whose environment takes 60 seconds, and then loses the file from its results. Whoever asks for
// the machine next waits on, and reports what went wrong.
const longestWait = 45_000

/** The Vitest environment: each test file gets a machine. It never throws: errors belong to the file's results. */
export const environment: Environment = {
  name: 'osrun',
  viteEnvironment: 'ssr',

  async setup(global, options) {
    const { session, close } = await openSession(options)
    const remove = addGlobals(global, session)
    return {
      async teardown() {
        remove()
        await close()
      },
    }
  },

  async setupVM(options) {
    const { session, close } = await openSession(options)
    const { builtinEnvironments } = await import('vitest/runtime')
    const node = await builtinEnvironments.node.setupVM?.({})
    const context = node?.getVmContext() ?? {}
    const remove = addGlobals(context, session)
    return {
      getVmContext: () => context,
      async teardown() {
        remove()
        await node?.teardown()
        await close()
      },
    }
  },
}

async function openSession(options: Record<string, unknown>): Promise<{ session: Session; close(): Promise<void> }> {
  const session = createSession(options.osrun)
  // A worker of Vitest 4 outlives a main process that was killed as long as it has a connection open.
  process.once('disconnect', session.close)
  const stopWatching = beforeInterrupt(session.interrupt)
  await within(longestWait, () => session.prepare())
  async function close(): Promise<void> {
    process.off('disconnect', session.close)
    stopWatching()
    await session.close()
  }
  return { session, close }
}

/** On Ctrl-C the workers, too, get the signal. It ends them, after `last`, unless the test itself listens to it. */
function beforeInterrupt(last: () => void): () => void {
  const onInterrupt = () => {
    process.off('disconnect', last)
    last()
    if (process.listenerCount('SIGINT') === 0) {
      process.kill(process.pid, 'SIGINT')
    }
  }
  process.once('SIGINT', onInterrupt)
  // Vitest's own listener ends the process.
  process.prependOnceListener('disconnect', last)
  return () => {
    process.off('SIGINT', onInterrupt)
    process.off('disconnect', last)
  }
}

function addGlobals(global: object, session: Session): () => void {
  const before = Object.getOwnPropertyDescriptor(global, 'win')
  Object.defineProperty(global, sessionKey, { value: session, configurable: true })
  Object.defineProperty(global, 'win', { get: () => session.win, configurable: true })
  return () => {
    Reflect.deleteProperty(global, sessionKey)
    Reflect.deleteProperty(global, 'win')
    if (before !== undefined) {
      Object.defineProperty(global, 'win', before)
    }
  }
}
