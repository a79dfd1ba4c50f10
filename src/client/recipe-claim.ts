import type { Progress, RecipeTrace, TemplateInfo } from '../protocol/messages.ts'
import { Connection } from './connection.ts'
import { createWin, type WinHooks } from './create-win.ts'
import type { LeaseRequest } from './lease.ts'
import type { ServerAddress } from './socket.ts'
import type { Win } from './win.ts'

/**
 * The right to build a recipe, which one client has at a time among all machine rooms of a computer. It has a connection
 * of its own, and ends with it however the client ends, after the machine that was acquired here.
 */
export class RecipeClaim {
  readonly #connection: Connection
  readonly #guest: string

  /**
   * Waits while another has it.
   * @throws OsrunError SERVER_UNREACHABLE, UNAUTHORIZED, CONNECTION_LOST
   */
  static async take(
    address: ServerAddress,
    guest: string,
    recipe: string,
    onProgress: (progress: Progress) => void,
  ): Promise<RecipeClaim> {
    const connection = await Connection.open(address)
    connection.listen({ progress: onProgress })
    try {
      await connection.request('claim', { guest, recipe })
    } catch (error) {
      await connection.close()
      throw error
    }
    return new RecipeClaim(connection, guest)
  }

  private constructor(connection: Connection, guest: string) {
    this.#connection = connection
    this.#guest = guest
  }

  /** What there is now: another may have built it while this one waited. */
  templates(): Promise<TemplateInfo[]> {
    return this.#connection.request('templates', { guest: this.#guest })
  }

  /** The machine to build in. The end of either is the end of both. */
  async acquire(request: LeaseRequest, hooks: WinHooks): Promise<Win> {
    return createWin(this.#connection, await this.#connection.request('acquire', request), hooks)
  }

  /** Makes the state of the machine the snapshot of that name; a damaged one is replaced. */
  async publish(name: string, recipe: RecipeTrace): Promise<void> {
    await this.#connection.request('snapshot', { name, replace: true, recipe })
  }

  /** Safe to call twice. */
  close(): Promise<void> {
    return this.#connection.close()
  }
}
