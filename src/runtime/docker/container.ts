import { setTimeout as delay } from 'node:timers/promises'
import type Dockerode from 'dockerode'
import { waitFor } from '../../machines/wait.ts'
import { OsrunError, toOsrunError } from '../../protocol/errors.ts'
import { removeContainer, stopContainer } from './container-end.ts'
import { ContainerOutput } from './container-output.ts'
import { type planContainer, serverPort } from './container-plan.ts'

/** A container whose server answers. */
export interface RunningContainer {
  /** Port of the server on this computer's loopback. */
  readonly port: number
  /** Ends it: SIGTERM, after a while SIGKILL; resolves when it is removed. Safe to call twice. */
  stop(): Promise<void>
}

const readyDeadline = 120_000
/** After the server's end, for the engine to say so; and for a start that nobody waits for any more to settle. */
const exitGrace = 3_000
const settleDeadline = 20_000

/**
 * Starts the container through testcontainers and waits until its server answers.
 * @throws OsrunError SERVER_START_FAILED with the last words of the server, CANCELED
 */
export async function startContainer(task: {
  readonly docker: Dockerode
  readonly image: string
  readonly plan: ReturnType<typeof planContainer>
  /** Whether testcontainers' reaper is to watch over it. */
  readonly reaper: boolean
  readonly onLog: (line: string) => void
  readonly signal?: AbortSignal | undefined
}): Promise<RunningContainer> {
  const { docker } = task
  const output = new ContainerOutput(task.onLog)
  let id: string | undefined
  const starting = start(task, async (created) => {
    id = created
    await output.attach(docker.getContainer(created))
  })
  const exit = output.exit.then(async (how) => {
    const reason = await Promise.race([refusal(starting), delay(exitGrace, '', { ref: false })])
    return reason === '' ? how : `${how} (${reason})`
  })
  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= id === undefined ? Promise.resolve() : stopContainer(docker, id)
    return stopping
  }
  try {
    const port = await waitFor({
      what: 'the container of the machine room',
      ready: starting
        .then((container) => answeringPort(docker, container, output.ready))
        .catch(async (error: unknown) => {
          // A container that ends at once is gone when testcontainers looks at it: its end is the better explanation.
          await (id === undefined ? undefined : Promise.race([exit, delay(2 * exitGrace)]))
          throw error
        }),
      exit,
      deadline: readyDeadline,
      code: 'SERVER_START_FAILED',
      lastWords: () => output.lastWords(),
      next: 'Set `runtime: "host"` (or OSRUN_RUNTIME=host) to run without Docker.',
      signal: task.signal,
    })
    output.exit.then((how) => stopping ?? task.onLog(`${how} before it was stopped`))
    return { port, stop }
  } catch (error) {
    await Promise.race([starting.catch(() => {}), delay(settleDeadline, undefined, { ref: false })])
    if (id !== undefined) {
      await removeContainer(docker, id)
    }
    throw toOsrunError(error, 'SERVER_START_FAILED')
  }
}

/** Starts it with testcontainers; resolves with its id when the engine has started it. */
async function start(
  task: Parameters<typeof startContainer>[0],
  onCreated: (id: string) => Promise<void>,
): Promise<string> {
  const { GenericContainer, PullPolicy } = await import('testcontainers')
  const { plan } = task
  class OsrunContainer extends GenericContainer {
    protected override containerCreated = onCreated
    constructor(image: string) {
      super(image)
      this.createOpts = { ...this.createOpts, ...plan.create }
      this.hostConfig = { ...this.hostConfig, ...plan.host }
    }
  }
  const started = await new OsrunContainer(task.image)
    .withPullPolicy(PullPolicy.neverPull())
    .withAutoCleanup(task.reaper)
    .withWaitStrategy(noWait)
    .start()
  return started.getId()
}

/** Why the engine did not start the container: empty where it did, or where the container is merely gone again. */
function refusal(starting: Promise<string>): Promise<string> {
  return starting.then(
    () => '',
    (error: Error & { statusCode?: number }) => (error.statusCode === 404 ? '' : error.message),
  )
}

/** The wait is ours: testcontainers' own do not tell an exit, a deadline and the server's words apart. */
const noWait = {
  waitUntilReady: async () => {},
  withStartupTimeout: () => noWait,
  isStartupTimeoutSet: () => true,
  getStartupTimeout: () => readyDeadline,
}

/** The published port, once the server has said that it is ready and answers there. */
async function answeringPort(docker: Dockerode, id: string, ready: Promise<void>): Promise<number> {
  await ready
  const { NetworkSettings } = await docker.getContainer(id).inspect()
  const port = Number(NetworkSettings.Ports[`${serverPort}/tcp`]?.[0]?.HostPort)
  const address = `http://127.0.0.1:${port}/healthz`
  try {
    await fetch(address, { signal: AbortSignal.timeout(10_000) })
  } catch (cause) {
    throw new OsrunError(
      'SERVER_START_FAILED',
      `The machine room is ready in its container but does not answer at ${address}. If this process runs in a ` +
        'container itself, give it the host\'s network, or set `runtime: "host"`.',
      { cause },
    )
  }
  return port
}
