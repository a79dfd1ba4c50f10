import { expect, test } from 'vitest'
import { reasonFor } from '../../../src/machines/probe/reason.ts'
import type { GuestRun } from '../../../src/machines/probe/run-guest.ts'

const run: GuestRun = { end: 'works', status: '33', steps: 'RPLC', words: 'last words', durationMs: 70 }
const place = '`lock cmpxchg16b` in ring 0'

test.each<[Partial<GuestRun>, string]>([
  [{ end: 'works' }, 'KVM works: its probe ended as it should after 70 ms'],
  [{ end: 'stopped' }, `it stopped at ${place} after 70 ms (QEMU said: last words). Use a host`],
  [{ end: 'stopped', words: '' }, `it stopped at ${place} after 70 ms. Use a host`],
  [{ end: 'wrong-result' }, `${place} gave a wrong result after 70 ms. Use a host`],
  [{ end: 'reset' }, `the guest crashed at ${place} after 70 ms (QEMU said: last words). Use a host`],
  [{ end: 'deadline' }, `within 5000 ms: it was at ${place} (QEMU said: last words). Try again`],
  [{ end: 'deadline', steps: '' }, 'it was at the start, before the guest had run (QEMU said'],
  [
    { end: 'exited', status: 'SIGABRT' },
    `QEMU ended with SIGABRT at ${place} after 70 ms (QEMU said: last words). Check`,
  ],
  [{ end: 'flooded' }, 'QEMU wrote too much after 70 ms (QEMU said: last words). Check'],
  [{ end: 'unstartable', status: 'ENOENT' }, 'QEMU cannot be started (ENOENT). Check its path'],
])('%j leads to a sentence that says which, where and what next', (changes, sentence) => {
  expect(reasonFor('kvm', { ...run, ...changes }, 5000)).toContain(sentence)
})
