import type Dockerode from 'dockerode'

/** True if both clients talk to one engine: testcontainers goes on to the next address where one does not answer. */
export async function sameEngine(one: Dockerode, other: Dockerode): Promise<boolean> {
  if ((await addressOf(one)) === (await addressOf(other))) {
    return true
  }
  const [id, otherId] = await Promise.all([one.info(), other.info()].map(async (info) => (await info).ID))
  return typeof id === 'string' && id !== '' && id === otherId
}

async function addressOf({ modem }: Dockerode): Promise<string> {
  const { socketPath, host, port }: Partial<Record<string, unknown>> = { ...modem }
  // dockerode looks for the usual socket as late as it can.
  const path: unknown = typeof socketPath === 'function' ? await socketPath() : socketPath
  return host ? `${host}:${port}` : String(path)
}
