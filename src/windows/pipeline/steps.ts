import { rm } from 'node:fs/promises'
import { OsrunError } from '../../protocol/errors.ts'
import { type Artifact, type Artifacts, artifactKey } from './artifacts.ts'

/** One step of an installation. */
export interface Step<Result> {
  /** Part of the artifact's folder's name: lower case letters and hyphens. */
  readonly name: string
  /** All that the result depends on besides the earlier steps: other inputs, other key. */
  readonly inputs: readonly unknown[]
  /**
   * @param folder empty: what lies in it afterwards is the artifact, with the result, which JSON must hold
   */
  make(folder: string): Promise<Result>
  /** Whether what the result names outside of the folder is there still. Default: nothing is outside. */
  isThere?(result: Result): Promise<boolean>
}

/** How steps are run. */
export interface StepsOptions {
  readonly artifacts: Artifacts
  readonly signal: AbortSignal
  /** Hears of each step before it runs, or that it need not. */
  readonly onStep: (step: string, reused: boolean) => void
}

/**
 * Runs steps one after the other. Each one's artifact is kept under a key of its inputs and of the key before it, so an
 * installation that was interrupted goes on where it was, and one that was edited runs from the step that changed.
 */
export class Steps {
  readonly #options: StepsOptions
  readonly made: Artifact[] = []

  constructor(options: StepsOptions) {
    this.#options = options
  }

  /** What the step makes, or made before. @throws what the step throws; nothing of it is left then */
  async run<Result>(step: Step<Result>): Promise<Artifact<Result>> {
    const { artifacts, signal, onStep } = this.#options
    const key = artifactKey(step.name, [...step.inputs, this.made.at(-1)?.key ?? null])
    const found = await artifacts.find(step.name, key)
    const before = found && (await (step.isThere?.(found.result as Result) ?? true)) ? found : undefined
    if (before === undefined && signal.aborted) {
      throw new OsrunError('CANCELED', `The installation was canceled before its step "${step.name}".`)
    }
    onStep(step.name, before !== undefined)
    const artifact = before ?? (await this.#make(step, key))
    this.made.push(artifact)
    return artifact as Artifact<Result>
  }

  async #make<Result>(step: Step<Result>, key: string): Promise<Artifact> {
    const { artifacts } = this.#options
    const folder = await artifacts.draft()
    try {
      return await artifacts.publish(folder, step.name, key, await step.make(folder))
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }
}
