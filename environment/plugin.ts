import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ViteUserConfig } from 'vitest/config'
import { parseOptions } from './options.ts'
import type { OsrunOptions } from './types.ts'

export type { OsrunOptions }

/** The part of Vite's plugin interface that this plugin uses. */
export interface OsrunPlugin {
  readonly name: string
  config(config: ViteUserConfig): ViteUserConfig
}

// A command under software emulation takes seconds where it takes milliseconds natively.
const defaults = { testTimeout: 60_000, hookTimeout: 120_000, teardownTimeout: 30_000 } as const

/**
 * Vitest plugin: `plugins: [osrun()]` in `vitest.config.ts`. It sets the environment, the global setup, the setup file,
 * timeouts fit for software emulation, and no more workers than `machines`. What the config says itself goes first.
 * @throws OsrunError BAD_OPTION
 */
export function osrun(options: OsrunOptions = {}): OsrunPlugin {
  parseOptions(options, 'the options of the osrun plugin')
  return {
    name: 'vitest-environment-osrun',
    config(config) {
      const user = config.test ?? {}
      const ours = { environment: 'osrun', ...defaults, ...(options.machines && { maxWorkers: options.machines }) }
      const missing = Object.entries(ours).filter(([key]) => user[key as keyof typeof user] === undefined)
      return {
        test: {
          ...Object.fromEntries(missing),
          environmentOptions: { osrun: options },
          globalSetup: [sibling('global-setup')],
          setupFiles: [sibling('setup')],
        },
      }
    },
  }
}

export default osrun

function sibling(name: string): string {
  return fileURLToPath(new URL(`./${name}${extname(import.meta.url)}`, import.meta.url))
}
