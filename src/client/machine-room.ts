import type { Parameters, Progress, ServerStatus, TemplateInfo } from '../protocol/messages.ts'
import { Connection } from './connection.ts'
import { acquireWin, type LeaseRequest } from './lease.ts'
import { RecipeClaim } from './recipe-claim.ts'
import type { ServerAddress } from './socket.ts'
import type { Win } from './win.ts'

/** A machine room as its keeper sees it: it stays up as long as this is open. */
export class MachineRoom {
  readonly #address: ServerAddress
  readonly #control: Connection
  readonly #wins = new Set<Promise<Win>>()

  /** @throws OsrunError SERVER_UNREACHABLE, UNAUTHORIZED */
  static async open(address: ServerAddress): Promise<MachineRoom> {
    const control = await Connection.open(address)
    try {
      await control.request('hold', {})
    } catch (error) {
      await control.close()
      throw error
    }
    return new MachineRoom(address, control)
  }

  private constructor(address: ServerAddress, control: Connection) {
    this.#address = address
    this.#control = control
  }

  /** Builds what the guest lacks. @throws OsrunError GUEST_BUILD_FAILED, HOST_INCOMPLETE, DISK_FULL, UNKNOWN_GUEST */
  async install(
    guest: string,
    onProgress: (progress: Progress) => void,
    { windows, signal }: { windows?: Parameters<'install'>['windows']; signal?: AbortSignal } = {},
  ): Promise<boolean> {
    const stop = this.#control.listen({ progress: onProgress })
    try {
      const { built } = await this.#control.request('install', { guest, ...(windows && { windows }) }, { signal })
      return built
    } finally {
      stop()
    }
  }

  /** The guest's snapshots, with what tells them apart. */
  templates(guest: string): Promise<TemplateInfo[]> {
    return this.#control.request('templates', { guest })
  }

  /** The right to build a recipe; the caller closes it. */
  claim(guest: string, recipe: string, onProgress: (progress: Progress) => void): Promise<RecipeClaim> {
    return RecipeClaim.take(this.#address, guest, recipe, onProgress)
  }

  /** Says that recipes' snapshots are in use; older generations may go. @throws OsrunError SNAPSHOT_NOT_FOUND */
  async keep(guest: string, snapshots: readonly string[]): Promise<void> {
    await this.#control.request('keep', { guest, snapshots: [...snapshots] })
  }

  acquire(request: LeaseRequest): Promise<Win> {
    const win = acquireWin(this.#address, request)
    this.#wins.add(win)
    win.catch(() => this.#wins.delete(win))
    return win
  }

  status(): Promise<ServerStatus> {
    return this.#control.request('status', {})
  }

  /** Waits until no lease is left, at most `deadline` milliseconds; tells how many are. */
  async drain(deadline: number): Promise<number> {
    const { left } = await this.#control.request('drain', { deadline }, { deadline: deadline + 5000 })
    return left
  }

  /** Gives back the machines that were acquired here, and lets the machine room go. Safe to call twice. */
  async close(): Promise<void> {
    const wins = [...this.#wins]
    this.#wins.clear()
    await Promise.allSettled(wins.map(async (win) => (await win)[Symbol.asyncDispose]()))
    await this.#control.close()
  }
}
