import { homedir } from 'node:os'
import { describe, expect, test } from 'vitest'
import type { Runtime } from '../../src/runtime/runtime.ts'
import { defaultCache, optionsFromEnvironment, toMiB } from '../../src/runtime/settings.ts'
import { chooseRuntime, startRuntime } from '../../src/runtime/start.ts'

const hooks = { onProgress: () => {}, onLog: () => {} }

function runtime(name: Runtime['name'], unavailable?: string): Runtime {
  return {
    name,
    unavailable: async () => unavailable,
    start: () => Promise.reject(new Error('not started in these tests')),
  }
}

describe('the runtime', () => {
  test('is the first that can be used', async () => {
    const docker = runtime('docker')
    expect(await chooseRuntime('auto', [docker, runtime('host')])).toBe(docker)
    const host = runtime('host')
    expect(await chooseRuntime('auto', [runtime('docker', 'no engine'), host])).toBe(host)
  })

  test('where none can be used, the error says of each why', async () => {
    const none = [runtime('docker', 'no engine answers'), runtime('host', 'no QEMU')]
    await expect(chooseRuntime('auto', none)).rejects.toMatchObject({
      code: 'RUNTIME_UNAVAILABLE',
      message: expect.stringMatching(/docker: no engine answers\n.*host: no QEMU/),
    })
  })

  test.for<['docker' | 'host', string]>([
    ['docker', 'DOCKER_UNAVAILABLE'],
    ['host', 'QEMU_UNUSABLE'],
  ])('that was asked for is not replaced by another: %s', async ([wish, code]) => {
    await expect(chooseRuntime(wish, [runtime(wish, 'it is not there')])).rejects.toMatchObject({
      code,
      message: `Runtime ${wish}: it is not there`,
    })
  })

  test('is the machine room that an option names, or else a variable', async () => {
    const environment = { OSRUN_URL: 'ws://127.0.0.1:2', OSRUN_TOKEN: 'two' }
    const own = { runtime: { url: 'ws://127.0.0.1:1', token: 'one' } }
    expect(await startRuntime(own, hooks, environment)).toMatchObject({ url: 'ws://127.0.0.1:1', token: 'one' })
    for (const options of [{}, { runtime: 'auto' } as const]) {
      expect(await startRuntime(options, hooks, environment)).toMatchObject({
        url: 'ws://127.0.0.1:2',
        token: 'two',
        runtime: 'remote',
      })
    }
  })

  test('of somebody else is not stopped', async () => {
    const environment = { OSRUN_URL: 'ws://127.0.0.1:2', OSRUN_TOKEN: 'two' }
    const server = await startRuntime({}, hooks, environment)
    await expect(server.stop()).resolves.toBeUndefined()
  })
})

describe('environment variables', () => {
  test('become options', () => {
    const environment = { OSRUN_RUNTIME: 'host', OSRUN_ACCEL: 'tcg', OSRUN_CACHE: '/c', OSRUN_GUEST: 'win11' }
    expect(optionsFromEnvironment(environment)).toEqual({ runtime: 'host', accel: 'tcg', cache: '/c', guest: 'win11' })
  })

  test('that are empty say nothing', () => {
    expect(optionsFromEnvironment({ OSRUN_RUNTIME: '', OSRUN_URL: '' })).toEqual({})
  })

  test.for<[Record<string, string>, RegExp]>([
    [{ OSRUN_RUNTIME: 'podman' }, /OSRUN_RUNTIME to be "auto", "docker" or "host", got "podman"/],
    [{ OSRUN_ACCEL: 'xen' }, /OSRUN_ACCEL to be .*got "xen"/],
    [{ OSRUN_GUEST: 'Windows 11' }, /OSRUN_GUEST to be a name/],
    [{ OSRUN_URL: 'localhost:80', OSRUN_TOKEN: 'x' }, /OSRUN_URL to be an address such as/],
    [{ OSRUN_URL: 'ws://localhost:80' }, /OSRUN_TOKEN to be the token of OSRUN_URL, got nothing/],
  ])('that make no sense are told by name: %j', ([environment, message]) => {
    expect(() => optionsFromEnvironment(environment)).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(message) }),
    )
  })
})

test.for<[Record<string, string>, string]>([
  [{}, `${homedir()}/.cache/osrun`],
  [{ XDG_CACHE_HOME: '/x y' }, '/x y/osrun'],
  [{ XDG_CACHE_HOME: 'relative' }, `${homedir()}/.cache/osrun`],
])('the cache folder is the user’s: %j', ([environment, folder]) => {
  expect(defaultCache(environment)).toBe(folder)
})

test.for<[string, number]>([
  ['2GiB', 2048],
  ['1536MiB', 1536],
  ['1.5 GiB', 1536],
])('%s is %d MiB', ([amount, size]) => {
  expect(toMiB(amount)).toBe(size)
})
