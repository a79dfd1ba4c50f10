import type { Machine } from '../machines/machine.ts'
import type { LeaseStatus } from '../protocol/messages.ts'
import { installingMachine } from './machine-path.ts'

interface Installing {
  readonly guest: string
  readonly machine: Machine
  readonly since: number
}

/** The machines in which guests install themselves, as the viewer shows them: nobody else has anything to do with them. */
export class Installations {
  readonly #machines = new Map<string, Installing>()

  /** The machine in which that guest installs itself now, or that there is none. */
  show(guest: string, machine: Machine | undefined): void {
    if (machine === undefined) {
      this.#machines.delete(installingMachine(guest))
    } else {
      this.#machines.set(installingMachine(guest), { guest, machine, since: Date.now() })
    }
  }

  screenSocket(id: string): string | undefined {
    return this.#machines.get(id)?.machine.screenSocket
  }

  status(): LeaseStatus[] {
    return [...this.#machines].map(([id, { guest, machine, since }]) => ({
      ...{ id, machine: machine.name, guest, snapshot: 'none yet' },
      ...{ label: 'installing itself', state: 'installing', since, moreCommands: 0 },
    }))
  }
}
