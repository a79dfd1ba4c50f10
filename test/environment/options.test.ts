import { describe, expect, test } from 'vitest'
import { parseOptions, resolveOptions } from '../../environment/options.ts'

const defaults = {
  ...{ guest: 'wine', snapshot: 'provisioned', isolate: 'file', clock: 'sync', network: 'isolated' },
  ...{ artifacts: 'on-failure', replay: true, dialogs: 'fail' },
}

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

const long = 'a'.repeat(48)

test.for<[unknown, RegExp]>([
  ['wine', /^Expected the config to be an object, got "wine"$/],
  [{ guest: 'Wine' }, /^Expected the option `guest` in the config to be a name .*, got "Wine"$/],
  [{ snapshot: '../x' }, /`snapshot`/],
  [{ isolate: 'suite' }, /`isolate` in the config to be "file" or "test", got "suite"/],
  [{ clock: true }, /`clock`/],
  [{ network: 'lan' }, /`network`/],
  [{ artifacts: true }, /`artifacts` in the config to be "on-failure", "always" or "never", got true/],
  [{ dialogs: 'close' }, /`dialogs` in the config to be "fail" or "ignore", got "close"/],
  [{ runtime: 'podman' }, /`runtime` in the config to be "auto", "docker", "host" or \{ url, token \}, got "podman"/],
  [{ runtime: { url: 'ws://x' } }, /`runtime/],
  [{ runtime: { url: 'x', token: 'secret-token' } }, /an address such as/],
  [{ accel: 'xen' }, /`accel`/],
  [{ cache: '' }, /`cache` in the config to be a folder/],
  [{ machines: 1.5 }, /`machines` in the config to be a whole number from 1 to 256, got 1.5/],
  [{ memory: '2GB' }, /`memory` in the config to be an amount such as "2GiB" or "1536MiB", got "2GB"/],
  [{ cpus: 0 }, /`cpus`/],
  [{ snapshot5: {} }, /^Unknown option `snapshot5` in the config; the options are guest, snapshot, isolate/],
  [{ snapshots: ['a'] }, /`snapshots.0` in the config to be an object, got "a"$/],
  [{ snapshots: 'a' }, /`snapshots` in the config to be an object of recipes by name, got "a"$/],
  [{ snapshots: { git: './git.ts' } }, /^Expected the option `snapshots.git` in the config to be an object, got "/],
  [{ snapshots: { git: {} } }, /^The option `snapshots.git.setup` is missing in the config$/],
  [
    { snapshots: { git: { setup: 1 } } },
    /^Expected the option `snapshots.git.setup` in the config to be a path, got 1$/,
  ],
  [{ snapshots: { git: { setup: 'a', form: 'b' } } }, /^Unknown option `snapshots.git.form` in the config$/],
  [
    { snapshots: { git: { setup: 'a', from: 'B' } } },
    /^Expected the option `snapshots.git.from` .* a name of .* got "B"$/,
  ],
  [
    { snapshots: { git: { setup: 'a', timeout: 0 } } },
    /`snapshots.git.timeout` in the config to be milliseconds, got 0$/,
  ],
  [{ snapshots: { git: { setup: 'a', inputs: 'b' } } }, /`snapshots.git.inputs` in the config to be a list of paths/],
  [{ snapshots: { Git: { setup: 'a' } } }, /`snapshots.Git` in the config to be a name of 1 to 47 .*, got "Git"$/],
  [{ snapshots: { provisioned: { setup: 'a' } } }, /`snapshots.provisioned` .* other than "provisioned"/],
  [{ snapshots: { [long]: { setup: 'a' } } }, /to be a name of 1 to 47/],
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
