import type { Machine } from '../machines/machine.ts'
import type { LeaseStatus } from '../protocol/messages.ts'

/** The machines in which guests install themselves, as the viewer shows them: nobody else has anything to do with them. */
export class Installations {
  readonly #machines = new Map<string, { readonly machine: Machine; readonly since: number }>()

  /** The machine in which that guest installs itself now, or that there is none. */
  show(guest: string, machine: Machine | undefined): void {
    if (machine === undefined) {
      this.#machines.delete(idOf(guest))
    } else {
      this.#machines.set(idOf(guest), { machine, since: Date.now() })
    }
  }

  screenSocket(id: string): string | undefined {
    return this.#machines.get(id)?.machine.screenSocket
  }

  status(): LeaseStatus[] {
    return [...this.#machines].map(([id, { machine, since }]) => ({
      ...{ id, machine: machine.name, guest: id.replace('install-', ''), snapshot: 'none yet' },
      ...{ label: 'installing itself', state: 'installing', since, moreCommands: 0 },
    }))
  }
}

function idOf(guest: string): string {
  return `install-${guest}`
}
