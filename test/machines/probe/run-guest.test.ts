import { chmod, readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { type GuestRun, runGuest } from '../../../src/machines/probe/run-guest.ts'
import { findProgram, makeBench, notedPid, untilGone } from './programs.ts'

const qemu = await findProgram('qemu-system-x86_64')
const generous = { timeout: 120_000 }

interface Row {
  program: string
  deadlineMs: number
  /** The program starts the real QEMU. */
  real?: true
  /** The program notes the process that would stay if nobody ended it. */
  stays?: true
  run: Partial<GuestRun>
}

const rows: Row[] = [
  { program: 'exits-early', deadlineMs: 60_000, run: { end: 'exited', status: '1', steps: '' } },
  { program: 'exits-with-success', deadlineMs: 60_000, run: { end: 'exited', status: '33', steps: '' } },
  { program: 'gives-a-wrong-result', deadlineMs: 60_000, run: { end: 'wrong-result', status: '35', steps: 'RPLC' } },
  { program: 'floods', deadlineMs: 60_000, run: { end: 'flooded' } },
  { program: 'hangs', deadlineMs: 3000, stays: true, run: { end: 'deadline', steps: '' } },
  {
    program: 'stops-with-an-internal-error',
    deadlineMs: 60_000,
    stays: true,
    run: { end: 'stopped', steps: 'RPLCOSX' },
  },
  { program: 'runs-under-tcg', deadlineMs: 60_000, real: true, run: { end: 'works', steps: 'RPLCOSXVD' } },
  { program: 'crashes-in-the-guest', deadlineMs: 60_000, real: true, run: { end: 'reset', status: '0', steps: 'RPL' } },
  { program: 'never-leaves', deadlineMs: 8000, real: true, stays: true, run: { end: 'deadline', steps: 'RPLCOSXVD' } },
]

test.for(rows)(
  'a QEMU that $program is told as $run.end, and nothing of it is left',
  generous,
  async (row, { skip }) => {
    skip(row.real === true && qemu === undefined, 'there is no qemu-system-x86_64 here')
    const bench = await makeBench()
    const program = bench.program(row.program)

    expect(await runGuest({ qemu: program, accelerator: 'kvm', deadlineMs: row.deadlineMs })).toMatchObject(row.run)
    expect(await readdir(bench.temporary)).toEqual([])
    if (row.stays) {
      await untilGone(await notedPid(program))
    }
  },
)

test('a QEMU that does not exist is told with its error', generous, async () => {
  const bench = await makeBench()
  const missing = bench.program('does-not-exist')

  expect(await runGuest({ qemu: missing, accelerator: 'kvm', deadlineMs: 60_000 })).toMatchObject({
    end: 'unstartable',
    status: 'ENOENT',
  })
})

test('a QEMU that is not executable is told with its error', generous, async () => {
  const bench = await makeBench()
  await chmod(bench.program('hangs'), 0o644)

  expect(await runGuest({ qemu: bench.program('hangs'), accelerator: 'kvm', deadlineMs: 60_000 })).toMatchObject({
    end: 'unstartable',
    status: 'EACCES',
  })
})

test('the last words of QEMU are without control characters', generous, async () => {
  const bench = await makeBench()
  const run = await runGuest({ qemu: bench.program('exits-early'), accelerator: 'kvm', deadlineMs: 60_000 })

  expect(run.words).toBe('a warning | could not access the [31maccelerator')
})

test('no QEMU is left after the caller has aborted', generous, async () => {
  const bench = await makeBench()
  const caller = new AbortController()
  const running = runGuest({
    qemu: bench.program('hangs'),
    accelerator: 'kvm',
    deadlineMs: 100_000,
    signal: caller.signal,
  })
  const pid = await notedPid(bench.program('hangs'))
  caller.abort()

  expect((await running).end).toBe('stopped')
  await untilGone(pid)
  expect(await readdir(bench.temporary)).toEqual([])
})

test('a folder for temporary files that cannot be written is an error of its own', generous, async () => {
  const bench = await makeBench()
  process.env.TMPDIR = bench.program('hangs')

  await expect(runGuest({ qemu: 'qemu', accelerator: 'kvm', deadlineMs: 60_000 })).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: expect.stringMatching(/temporary files cannot be written: ENOTDIR.*TMPDIR/),
  })
})
