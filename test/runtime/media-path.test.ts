import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { mediaSeenBy } from '../../src/runtime/media-path.ts'

const cache = '/home/u/my cache'

test.each([
  ['host', 'media/win 11.iso', resolve('media/win 11.iso')],
  ['host', 'https://example.com/win.iso', 'https://example.com/win.iso'],
  ['remote', '/isos/win.iso', '/isos/win.iso'],
  ['docker', '/home/u/my cache/media/win 11.iso', '/cache/media/win 11.iso'],
  ['docker', '/home/u/my cache/..iso', '/cache/..iso'],
  ['docker', 'https://example.com/win.iso', 'https://example.com/win.iso'],
] as const)('runtime %s is told of %s as %s', (runtime, iso, seen) => {
  expect(mediaSeenBy(runtime, cache, { iso, profile: 'stock' })).toEqual({ iso: seen, profile: 'stock' })
})

test.each([['/home/u/win.iso'], ['/home/u/my cache'], ['/home/u/my cache 2/win.iso']])(
  'a container does not see %s, and the error says where to put it',
  (iso) => {
    expect(() => mediaSeenBy('docker', cache, { iso })).toThrow(
      `in the cache folder /home/u/my cache, which is all that a container sees of this computer, got ${iso}.`,
    )
  },
)

test('a container sees the folders of drivers and own steps by their own paths too', () => {
  const folders = { drivers: `${cache}/drivers`, virtioDrivers: `${cache}/v.iso`, ownSteps: `${cache}/my steps` }
  expect(mediaSeenBy('docker', cache, folders)).toEqual({
    ...{ drivers: '/cache/drivers', virtioDrivers: '/cache/v.iso', ownSteps: '/cache/my steps' },
  })
  expect(() => mediaSeenBy('docker', cache, { drivers: '/home/u/drivers' })).toThrow(
    'Expected the folder of drivers in',
  )
  expect(() => mediaSeenBy('docker', cache, { virtioDrivers: '/home/u/virtio-win.iso' })).toThrow(
    'Expected the drivers of virtio in',
  )
})

test('media without a file are as they are', () => {
  expect(mediaSeenBy('docker', cache, { edition: 'Education' })).toEqual({ edition: 'Education' })
})
