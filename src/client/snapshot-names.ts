import { OsrunError } from '../protocol/errors.ts'
import type { SnapshotInfo } from '../protocol/messages.ts'

/**
 * What the user calls snapshots, and what the store does: the name of one that a recipe built ends with a hash of its
 * content there, so that projects with recipes of the same name do not meet. A recipe's name goes before a snapshot's.
 */
export class SnapshotNames {
  readonly #stored: ReadonlyMap<string, string>
  readonly #shown: ReadonlyMap<string, string>

  /** @param recipes the store's name of each recipe's snapshot */
  constructor(recipes: Readonly<Record<string, string>> = {}) {
    const entries = Object.entries(recipes)
    this.#stored = new Map(entries)
    this.#shown = new Map(entries.map(([shown, stored]) => [stored, shown]))
  }

  toStored(name: string): string {
    return this.#stored.get(name) ?? name
  }

  toShown(name: string): string {
    return this.#shown.get(name) ?? name
  }

  isRecipe(name: string): boolean {
    return this.#stored.has(name)
  }

  show(info: SnapshotInfo): SnapshotInfo {
    const { name, parent, ...rest } = info
    return { name: this.toShown(name), ...rest, ...(parent === undefined ? {} : { parent: this.toShown(parent) }) }
  }

  /** As the user knows them: what other projects' recipes and older forms of these have built is left out. */
  showAll(infos: readonly SnapshotInfo[]): SnapshotInfo[] {
    return infos
      .filter(({ name, recipe }) => (recipe === undefined ? !this.isRecipe(name) : this.#shown.has(name)))
      .map((info) => this.show(info))
  }

  /** The same failure, told with the user's names. */
  tell(error: OsrunError): OsrunError {
    let { message } = error
    for (const [stored, shown] of this.#shown) {
      message = message.replaceAll(stored, shown)
    }
    return message === error.message ? error : new OsrunError(error.code, message, { cause: error })
  }
}
