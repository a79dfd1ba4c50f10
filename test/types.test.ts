import { expectTypeOf, test } from 'vitest'
import { defineConfig } from 'vitest/config'
import { osrun } from '../environment/plugin.ts'
import type { test as withMachine } from '../environment/test.ts'
import type { OsrunServer, StartServerOptions, startServer } from '../src/client/index.ts'
import type {
  HostPort,
  OsrunErrorCode,
  OsrunOptions,
  RunResult,
  Win,
  WinCommandError,
  WinProcess,
} from '../src/index.ts'

declare const machine: Win
declare const typed: typeof withMachine
declare const options: OsrunOptions

// Types only: nothing of this runs.
function ofTheMachine() {
  expectTypeOf<typeof win>().toEqualTypeOf<Win>()
  typed('has a machine', ({ win: own, signal }) =>
    expectTypeOf({ own, signal }).toEqualTypeOf<{ own: Win; signal: AbortSignal }>(),
  )

  expectTypeOf(machine.run('ver')).resolves.toEqualTypeOf<RunResult<string>>()
  expectTypeOf(machine.run(['cmd', '/c', 'ver'] as const, { encoding: 'buffer' })).resolves.toEqualTypeOf<
    RunResult<Uint8Array>
  >()
  expectTypeOf(machine.run).parameter(1).not.toBeAny()
  machine.run('ver', { onStdout: (text) => expectTypeOf(text).toEqualTypeOf<string>() })
  machine.run('ver', { encoding: 'buffer', onStdout: (bytes) => expectTypeOf(bytes).toEqualTypeOf<Uint8Array>() })
  // @ts-expect-error -- milliseconds, not text
  machine.run('ver', { timeout: '1s' })
  // @ts-expect-error -- an unknown option
  machine.run('ver', { timeOut: 1 })
  // @ts-expect-error -- what is spawned reads from `stdin`
  machine.spawn('ver', { input: 'x' })

  expectTypeOf(machine.spawn('ver')).toEqualTypeOf<WinProcess<string>>()
  expectTypeOf<Awaited<WinProcess<string>>>().toEqualTypeOf<RunResult<string>>()
  expectTypeOf(machine.spawn('ver').pid).resolves.toBeNumber()
  expectTypeOf(machine.readFile('a')).resolves.toEqualTypeOf<Uint8Array>()
  expectTypeOf(machine.readFile('a', 'utf8')).resolves.toBeString()
  expectTypeOf(machine.port(80)).resolves.toEqualTypeOf<HostPort>()
  expectTypeOf(machine.clock.now()).resolves.toEqualTypeOf<Date>()
  expectTypeOf(machine).toExtend<AsyncDisposable>()
  // @ts-expect-error -- which snapshot this is changes by `restore` only
  machine.snapshotName = 'other'
}

function ofAResult(result: RunResult) {
  expectTypeOf(result.exitCode).toEqualTypeOf<number | undefined>()
  expectTypeOf(result.pid).toEqualTypeOf<number | undefined>()
  expectTypeOf<WinCommandError>().toExtend<Error & RunResult>()
  expectTypeOf<'MACHINE_CRASHED'>().toExtend<OsrunErrorCode>()
  expectTypeOf<string>().not.toExtend<OsrunErrorCode>()
}

function ofOptions() {
  expectTypeOf(options.isolate).toEqualTypeOf<'file' | 'test' | undefined>()
  expectTypeOf(options.artifacts).toEqualTypeOf<'on-failure' | 'always' | 'never' | undefined>()
  expectTypeOf(osrun).parameter(0).toEqualTypeOf<OsrunOptions | undefined>()
  expectTypeOf(osrun).toBeCallableWith({
    ...{ guest: 'wine', snapshot: 'git', snapshots: { git: { setup: './git.setup.ts', from: 'provisioned' } } },
    ...{ runtime: { url: 'ws://127.0.0.1:8000', token: 't' }, machines: 2, memory: '2GiB' },
  })
  // @ts-expect-error -- one of two
  osrun({ isolate: 'files' })
  // @ts-expect-error -- an unknown option
  osrun({ snapshto: 'git' })
  defineConfig({ plugins: [osrun()], test: { environmentOptions: { osrun: { snapshot: 'git' } } } })
  // @ts-expect-error -- the options are known where the config is written by hand, too
  defineConfig({ test: { environmentOptions: { osrun: { snapshto: 'git' } } } })
}

function ofPrograms(start: typeof startServer) {
  expectTypeOf(start).returns.resolves.toEqualTypeOf<OsrunServer>()
  expectTypeOf<OsrunServer['acquire']>().returns.resolves.toEqualTypeOf<Win>()
  expectTypeOf<Required<StartServerOptions>['onProgress']>().parameter(0).toHaveProperty('phase')
}

test('types are those of the documentation: `tsc` has checked them', () => {
  expectTypeOf([ofTheMachine, ofAResult, ofOptions, ofPrograms]).toBeArray()
})
