import { describe, expect, test } from 'vitest'
import { parseOptions, resolveOptions } from '../../environment/options.ts'

const defaults = { guest: 'wine', snapshot: 'provisioned', isolate: 'file', clock: 'sync', network: 'isolated' }

describe('what holds for a file', () => {
  test('is the defaults where nothing is said', () => {
    expect(resolveOptions(undefined, {})).toEqual(defaults)
  })

  test('is said by a docblock first, then the config, then environment variables', () => {
    const environment = { OSRUN_GUEST: 'win10', OSRUN_ACCEL: 'tcg', OSRUN_DEFAULTS: '{"guest":"win11","snapshot":"a"}' }
    expect(resolveOptions(undefined, { OSRUN_GUEST: 'win10' })).toMatchObject({ guest: 'win10' })
    expect(resolveOptions({ guest: 'win11', snapshot: 'a' }, environment)).toMatchObject({
      guest: 'win11',
      accel: 'tcg',
    })
    for (const docblock of [{ snapshot: 'b' }, { osrun: { snapshot: 'b' } }]) {
      expect(resolveOptions(docblock, environment)).toEqual({
        ...defaults,
        guest: 'win11',
        snapshot: 'b',
        accel: 'tcg',
      })
    }
  })

  test('is the default where an option is undefined', () => {
    expect(resolveOptions({ guest: undefined }, {})).toEqual(defaults)
  })
})

test.for<[unknown, RegExp]>([
  ['wine', /^Expected the config to be an object, got "wine"$/],
  [{ guest: 'Wine' }, /^Expected the option `guest` in the config to be a name .*, got "Wine"$/],
  [{ snapshot: '../x' }, /`snapshot`/],
  [{ isolate: 'suite' }, /`isolate` in the config to be "file" or "test", got "suite"/],
  [{ clock: true }, /`clock`/],
  [{ network: 'lan' }, /`network`/],
  [{ runtime: 'podman' }, /`runtime` in the config to be "auto", "docker", "host" or \{ url, token \}, got "podman"/],
  [{ runtime: { url: 'ws://x' } }, /`runtime/],
  [{ runtime: { url: 'x', token: 'secret-token' } }, /an address such as/],
  [{ accel: 'xen' }, /`accel`/],
  [{ cache: '' }, /`cache` in the config to be a folder/],
  [{ machines: 1.5 }, /`machines` in the config to be a whole number from 1 to 256, got 1.5/],
  [{ memory: '2GB' }, /`memory` in the config to be an amount such as "2GiB" or "1536MiB", got "2GB"/],
  [{ cpus: 0 }, /`cpus`/],
  [{ snapshots: {} }, /^Unknown option `snapshots` in the config; the options are guest, snapshot, isolate/],
])('a bad option is told by name, with what was expected and what came: %j', ([options, message]) => {
  expect(() => parseOptions(options, 'the config')).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(message) }),
  )
})

test('a token is not told', () => {
  const options = { runtime: { url: 'x', token: 'secret-token' } }
  expect(() => parseOptions(options, 'the config')).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('secret-token') }),
  )
})
