import { expectTypeOf, test } from 'vitest'
import type { RegistryValue } from '../../../environment/expect/to-have-registry-value.ts'
import type { expect } from '../../../environment/test.ts'
import type { RunResult, Screenshot, Win } from '../../../src/client/index.ts'

type Expect = typeof expect
declare const assert: Expect
declare const win: Win
declare const result: RunResult
declare const bytes: RunResult<Uint8Array>
declare const picture: Screenshot

// Types only: nothing of this runs.
function types() {
  const machine = assert(win)
  expectTypeOf(machine.toHaveFile).toBeCallableWith('C:\\a.txt')
  expectTypeOf(machine.toHaveFile).toBeCallableWith('C:\\a.txt', { content: /one/, timeout: 100 })
  expectTypeOf(machine.toHaveFile('a')).toEqualTypeOf<Promise<void>>()
  expectTypeOf(machine.not.toHaveFile('a')).toEqualTypeOf<Promise<void>>()
  expectTypeOf(machine.toHaveRegistryValue).parameter(2).toEqualTypeOf<RegistryValue | undefined>()
  expectTypeOf(machine.not.toHaveProcess('a.exe', { interval: 10 })).toEqualTypeOf<Promise<void>>()
  expectTypeOf(machine.toMatchScreen('a', { masks: [{ x: 0, y: 0, width: 1, height: 1 }] })).toEqualTypeOf<
    Promise<void>
  >()
  expectTypeOf(machine).not.toHaveProperty('toExitWith')

  expectTypeOf(assert(result).toExitWith(0)).toEqualTypeOf<void>()
  expectTypeOf(assert(bytes).not.toExitWith(0)).toEqualTypeOf<void>()
  expectTypeOf(assert(Promise.resolve(result)).resolves.toExitWith(0)).toEqualTypeOf<Promise<void>>()
  expectTypeOf(assert(picture).toMatchScreen('a')).toEqualTypeOf<Promise<void>>()
  expectTypeOf(assert.soft(win).toHaveFile('a')).toEqualTypeOf<Promise<void>>()

  // What Vitest has stays.
  assert(result).toMatchObject({ exitCode: 0 })
  assert(win).not.toBeUndefined()
  assert('text').toContain('t')
  assert.poll(() => 1).toBe(1)
  expectTypeOf(assert('text')).not.toHaveProperty('toHaveFile')
  // @ts-expect-error -- an unknown option
  machine.toHaveFile('a', { contents: 'x' })
  // @ts-expect-error -- no machine
  assert(5).toHaveProcess('a.exe')
}

test('the types are those of `expect`, with the matchers of what is expected', () => {
  expectTypeOf(types).toBeFunction()
})
