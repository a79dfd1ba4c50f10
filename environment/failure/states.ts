import type { Connection } from '../../src/client/connection.ts'
import { saveState } from '../../src/client/save-state.ts'
import type { KeptState } from './evidence.ts'
import type { TestPlace } from './folder.ts'

const longest = 1000

/** The states of machines in which tests have failed: one for each test file, that of its first failure. */
export class FailureStates {
  readonly #tried = new Map<string, KeptState>()

  /** Keeps the machine's state for `osrun replay`, or tells which one there is. Never rejects. */
  async save(connection: Connection | undefined, run: string, { project, file, names }: TestPlace): Promise<KeptState> {
    const key = `${project}\0${file}`
    const first = this.#tried.get(key)
    if (first !== undefined) {
      return first
    }
    this.#tried.set(key, { note: 'another test of this file fails at the same time' })
    const test = { run, file: file.slice(-longest), test: names.join(' > ').slice(0, longest) }
    const saved = await saveState(connection, test)
    if ('id' in saved) {
      this.#tried.set(key, { id: saved.id, note: 'as an earlier test of this file left it' })
      return { id: saved.id }
    }
    this.#tried.set(key, { note: 'it could not be kept for an earlier test of this file' })
    return { note: saved.none }
  }
}
