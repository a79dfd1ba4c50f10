import type { EnvironmentContext, JestEnvironmentConfig } from '@jest/environment'
import type { Circus, Config } from '@jest/types'
import { TestEnvironment as NodeEnvironment } from 'jest-environment-node'
import { compareScreen, type ScreenOptions } from '../expect/compare-screen.ts'
import { type MatcherThis, wanted } from '../expect/poll.ts'
import { toExitWith } from '../expect/to-exit-with.ts'
import { toHaveFile } from '../expect/to-have-file.ts'
import { toHaveProcess } from '../expect/to-have-process.ts'
import { toHaveRegistryValue } from '../expect/to-have-registry-value.ts'
import { createSession, type Session } from '../session.ts'
import { JestTests } from './events.ts'
import { evidenceFolderOf, ownOptions, sessionEnvironment } from './options.ts'

export type { OsrunMatchers } from './types.ts'

// Jest's own 5 seconds are little for a command under software emulation.
const testTimeout = 60_000

/**
 * The Jest environment: each test file gets a machine, which its tests find as the global `win`. Where there is none, the
 * file fails with the reason.
 */
export default class OsrunEnvironment extends NodeEnvironment {
  readonly #file: string
  readonly #session: Session
  readonly #tests: JestTests
  readonly #ownTimeout: number | undefined
  readonly #update: Config.GlobalConfig['updateSnapshot']
  readonly #evidence: string

  constructor(config: JestEnvironmentConfig, context: EnvironmentContext) {
    super(config, context)
    const { globalConfig, projectConfig } = config
    this.#file = context.testPath
    this.#update = globalConfig.updateSnapshot
    this.#evidence = evidenceFolderOf(projectConfig, process.env)
    this.#ownTimeout = globalConfig.testTimeout ?? ownTimeout(projectConfig)
    this.#session = createSession(ownOptions(projectConfig, context), sessionEnvironment(projectConfig, process.env))
    this.#tests = new JestTests(this.#session, { rootDir: projectConfig.rootDir, file: this.#file })
  }

  override async setup(): Promise<void> {
    await super.setup()
    await this.#session.forFile(this.#file)
    const win = { get: () => this.#session.win, configurable: true }
    Object.defineProperty(this.global, 'win', win)
  }

  override async teardown(): Promise<void> {
    await this.#session.close()
    await super.teardown()
  }

  async handleTestEvent(event: Circus.AsyncEvent | Circus.SyncEvent, state: Circus.State): Promise<void> {
    if (event.name === 'setup') {
      state.testTimeout = this.#ownTimeout ?? testTimeout
      const { expect } = event.runtimeGlobals as unknown as { expect: { extend(matchers: object): void } }
      expect.extend({
        toExitWith,
        toHaveFile,
        toHaveProcess,
        toHaveRegistryValue,
        toMatchScreen: this.#screenMatcher(),
      })
    }
    await this.#tests.on(event, state)
  }

  #screenMatcher() {
    const test = {
      ...{ file: this.#file, update: this.#update, updateFlag: '--updateSnapshot' },
      guest: () => this.#session.win.guest,
      folder: () => this.#tests.evidenceFolder(this.#evidence),
      // Jest has the message only.
      tell: async () => {},
    }
    return function toMatchScreen(this: MatcherThis, received: unknown, name: string, options: ScreenOptions = {}) {
      return compareScreen(received, name, options, { ...test, isNot: !wanted(this) })
    }
  }
}

function ownTimeout({ testTimeout: configured }: Config.ProjectConfig & { testTimeout?: number }): number | undefined {
  return configured === 5000 ? undefined : configured
}
