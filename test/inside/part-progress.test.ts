import { expect, test } from 'vitest'
import { PartProgress } from '../../src/inside/part-progress.ts'

test('which files are done is told when Vitest says so, in whatever pieces and colours', () => {
  const told: string[] = []
  const progress = new PartProgress((line) => told.push(line))
  progress.take('\n RUN  v5.1.1 /p\n\n \u001b[32m✓\u001b[39m test/a.te')
  expect(told).toEqual([])
  progress.take(
    'st.js \u001b[2m(\u001b[22m2 tests\u001b[2m)\u001b[22m 12ms\r\n ❯ test/b.test.js (1 test | 1 failed) 5ms\n',
  )
  progress.take('   × fails 2ms\n ❯ test/c.test.js 0/1\n')
  expect(told).toEqual(['✓ test/a.test.js (2 tests) 12ms', '❯ test/b.test.js (1 test | 1 failed) 5ms'])
  expect(progress.text).toMatch(/^RUN {2}v5.*0\/1$/s)
})
