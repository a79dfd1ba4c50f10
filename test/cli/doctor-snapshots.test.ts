import { expect, test } from 'vitest'
import { snapshotFinding } from '../../src/cli/doctor-snapshots.ts'
import type { Listed } from '../../src/cli/snapshots/list.ts'

const one = { guest: 'wine', key: 'abcd', name: 'git', size: 2 ** 20, damaged: false, reasons: [], options: [] }
const fits: Listed = { ...one, fits: true }
const unfit: Listed = { ...one, fits: false, reasons: ['it was made with QEMU 9, and here is 10', 'and more'] }
const unknown: Listed = { ...one, fits: null, reasons: ['there is no QEMU'] }
const damaged: Listed = { ...fits, damaged: true }

test.each([
  [[], 'ok', 'none yet: the first run makes one', undefined],
  [[fits, fits], 'ok', '2 fit this host (2.0 MiB)', undefined],
  [[unknown], 'ok', '1 not known here (1.0 MiB, e.g. there is no QEMU)', undefined],
  [
    [fits, unfit],
    'note',
    '1 fit this host (1.0 MiB); 1 do not fit it (1.0 MiB, e.g. it was made with QEMU 9, and here is 10)',
    /^`osrun snapshots` says why/,
  ],
  [[unfit, damaged], 'note', /; 1 damaged \(1\.0 MiB\)$/, /^`osrun snapshots verify`/],
] as const)('%j are told with their room and what to do', (snapshots, mark, detail, todo) => {
  const finding = snapshotFinding(snapshots)
  expect(finding).toMatchObject({ mark, what: 'snapshots' })
  expect(finding.detail).toEqual(typeof detail === 'string' ? detail : expect.stringMatching(detail))
  expect(finding.todo).toEqual(todo === undefined ? undefined : expect.stringMatching(todo))
})
