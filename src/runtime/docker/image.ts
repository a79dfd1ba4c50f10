import { Readable } from 'node:stream'
import { OsrunError } from '../../protocol/errors.ts'
import type { Progress } from '../../protocol/messages.ts'
import { type BuildEvent, BuildLog } from './build-log.ts'
import { buildSettings } from './build-settings.ts'
import type { ImageContext } from './context.ts'
import type { Engine } from './engine.ts'
import { linesOf } from './lines.ts'
import { packTar } from './tar.ts'

/** Milliseconds that a build may say nothing: compressing a disk is quiet, and slow on a busy host. */
const silenceDeadline = 20 * 60_000

/**
 * Builds the image of these contents unless the engine has it.
 * @throws OsrunError DOCKER_BUILD_FAILED with the last lines of the build, CANCELED
 */
export async function ensureImage(
  { docker }: Engine,
  context: ImageContext,
  options: { readonly onProgress: (progress: Progress) => void; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  if (await hasImage(docker, context.tag)) {
    return
  }
  options.onProgress({ phase: 'image: preparing' })
  const log = new BuildLog()
  const silence = new AbortController()
  const signal = options.signal === undefined ? silence.signal : AbortSignal.any([options.signal, silence.signal])
  const timer = setTimeout(() => silence.abort(), silenceDeadline)
  try {
    const { files, buildargs } = await buildSettings()
    const archive = packTar(new Map([...context.files, ...files]))
    const stream = await docker.buildImage(Readable.from([archive]), {
      ...{ t: context.tag, dockerfile: 'docker/Dockerfile', buildargs, labels: { 'osrun.image': context.tag } },
      ...{ rm: true, forcerm: true, abortSignal: signal },
    })
    for await (const line of linesOf(stream as Readable)) {
      timer.refresh()
      const progress = log.add(parseEvent(line))
      if (progress !== undefined) {
        options.onProgress(progress)
      }
    }
  } catch (cause) {
    throw failure(log, cause, { canceled: options.signal?.aborted === true, silent: silence.signal.aborted })
  } finally {
    clearTimeout(timer)
  }
  if (log.error !== undefined || !(await hasImage(docker, context.tag))) {
    throw failure(log, undefined, { canceled: false, silent: false })
  }
}

async function hasImage(docker: Engine['docker'], name: string): Promise<boolean> {
  try {
    await docker.getImage(name).inspect()
    return true
  } catch (error) {
    if (error instanceof Error && 'statusCode' in error && error.statusCode === 404) {
      return false
    }
    throw new OsrunError('DOCKER_UNAVAILABLE', `The Docker Engine did not say whether it has ${name}: ${error}`, {
      cause: error,
    })
  }
}

function parseEvent(line: string): BuildEvent {
  const event: unknown = JSON.parse(line)
  return typeof event === 'object' && event !== null ? event : {}
}

function failure(log: BuildLog, cause: unknown, ended: { canceled: boolean; silent: boolean }): OsrunError {
  if (ended.canceled) {
    return new OsrunError('CANCELED', 'Building the image was canceled.', { cause })
  }
  const why = ended.silent
    ? `it said nothing for ${silenceDeadline / 60_000} minutes`
    : (log.error ?? (cause instanceof Error ? cause.message : 'it ended without an image'))
  const words = log.lastLines(20).map((line) => `\n  ${line}`)
  return new OsrunError(
    'DOCKER_BUILD_FAILED',
    `The image could not be built: ${why}.${words.length > 0 ? `\nThe build's last words:${words.join('')}` : ''}\n` +
      'The build needs Debian packages and the npm registry. The next try goes on after the last good step.',
    { cause },
  )
}
