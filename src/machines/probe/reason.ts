import type { Accelerator } from './arguments.ts'
import { probeSteps } from './guest.ts'
import type { GuestRun } from './run-guest.ts'

/** One sentence on what a run of the guest has shown, and the next step to take where it failed. */
export function reasonFor(accelerator: Accelerator, run: GuestRun, deadlineMs: number): string {
  const name = accelerator.toUpperCase()
  const words = run.words === '' ? '' : ` (QEMU said: ${run.words})`
  const after = `after ${run.durationMs} ms`
  const place = placeOf(run.steps)
  switch (run.end) {
    case 'works':
      return `${name} works: its probe ended as it should ${after}`
    case 'stopped':
      return `${name} does not run a guest's kernel here: it stopped at ${place} ${after}${words}. ${otherHost}`
    case 'wrong-result':
      return `${name} does not run a guest's kernel here: ${place} gave a wrong result ${after}. ${otherHost}`
    case 'reset':
      return `${name} does not run a guest's kernel here: the guest crashed at ${place} ${after}${words}. ${otherHost}`
    case 'deadline':
      return (
        `${name} did not end its probe within ${deadlineMs} ms: it was at ${place}${words}. ` +
        'Try again when the host is less busy'
      )
    case 'exited':
      return (
        `${name} could not be probed: QEMU ended with ${run.status} at ${place} ${after}${words}. ` +
        `Check that this QEMU is built for ${name} and that no other hypervisor holds the CPU`
      )
    case 'flooded':
      return `${name} could not be probed: QEMU wrote too much ${after}${words}. Check that it is a QEMU for x86_64`
    case 'unstartable':
      return `${name} could not be probed: QEMU cannot be started (${run.status}). Check its path, or install it`
  }
}

const otherHost =
  'Use a host that virtualises in hardware, with nested virtualisation switched on if it is a guest itself'

function placeOf(steps: string): string {
  return probeSteps.get(steps.slice(-1)) ?? 'the start, before the guest had run'
}
