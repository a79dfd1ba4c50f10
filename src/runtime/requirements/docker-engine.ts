/** A Docker Engine's answer, or why there was none and what to do. */
export type EngineAnswer = { readonly version: string } | { readonly problem: string }

/**
 * Asks the Docker Engine of this computer, or of `DOCKER_HOST`, for its version. Never rejects.
 * @param deadlineMs milliseconds to wait for the answer, default 3000
 */
export async function askEngine(deadlineMs = 3000): Promise<EngineAnswer> {
  const { promise: late, resolve } = Promise.withResolvers<EngineAnswer>()
  const where = process.env.DOCKER_HOST ? `at DOCKER_HOST (${process.env.DOCKER_HOST})` : 'on this computer'
  const timer = setTimeout(
    () => resolve({ problem: `No Docker Engine ${where} answered within ${deadlineMs / 1000} s` }),
    deadlineMs,
  )
  try {
    return await Promise.race([askVersion(deadlineMs), late])
  } catch (error) {
    return { problem: `No Docker Engine ${where} answers: ${reasonOf(error)}` }
  } finally {
    clearTimeout(timer)
  }
}

async function askVersion(timeout: number): Promise<EngineAnswer> {
  // Loaded when it is needed: most commands never ask.
  const { default: Docker } = await import('dockerode')
  const { Version: version } = await new Docker({ timeout }).version()
  return typeof version === 'string' ? { version } : { problem: 'What answers on its socket is no Docker Engine' }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EACCES') {
    return 'its socket is not open to you (add yourself to the group docker, and log in again)'
  }
  return code === 'ENOENT' || code === 'ECONNREFUSED'
    ? 'none is running'
    : error instanceof Error
      ? error.message
      : String(error)
}
