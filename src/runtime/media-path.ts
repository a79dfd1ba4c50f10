import { isAbsolute, relative, resolve, sep } from 'node:path'
import { OsrunError } from '../protocol/errors.ts'
import type { MediaOptions } from '../protocol/media-options.ts'
import type { RunningServer } from './runtime.ts'

/** Where a container of our image has the cache folder. */
export const cacheTarget = '/cache'

/**
 * The same media as the machine room finds them.
 * @param cache the cache folder on this computer
 * @throws OsrunError BAD_OPTION for a file that a container does not see
 */
export function mediaSeenBy(runtime: RunningServer['runtime'], cache: string, media: MediaOptions): MediaOptions {
  if (runtime === 'remote') {
    return media
  }
  const { iso, drivers, virtioDrivers, ownSteps } = media
  const seen = (path: string, what: string) => (runtime === 'host' ? resolve(path) : inContainer(cache, path, what))
  return {
    ...media,
    ...(iso !== undefined && { iso: /^https?:/.test(iso) ? iso : seen(iso, 'the medium') }),
    ...(drivers !== undefined && { drivers: seen(drivers, 'the folder of drivers') }),
    ...(virtioDrivers !== undefined && { virtioDrivers: seen(virtioDrivers, 'the drivers of virtio') }),
    ...(ownSteps !== undefined && { ownSteps: seen(ownSteps, 'the folder of own steps') }),
  }
}

function inContainer(cache: string, given: string, what: string): string {
  const path = resolve(given)
  const inside = relative(resolve(cache), path)
  if (inside === '' || isAbsolute(inside) || inside.split(sep)[0] === '..') {
    throw new OsrunError(
      'BAD_OPTION',
      `Expected ${what} in the cache folder ${resolve(cache)}, which is all that a container sees of this computer, ` +
        `got ${path}. Put it there, or use runtime "host".`,
    )
  }
  return [cacheTarget, ...inside.split(sep)].join('/')
}
