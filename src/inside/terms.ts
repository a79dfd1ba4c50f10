import type { Terms } from './guest/vitest-process.ts'

/** Variables that say where this is: a build server, which one, with colours or without. */
const telling = [
  ...['CI', 'CONTINUOUS_INTEGRATION', 'BUILD_NUMBER', 'GITHUB_ACTIONS', 'GITLAB_CI', 'BUILDKITE', 'CIRCLECI'],
  ...['TF_BUILD', 'TEAMCITY_VERSION', 'TERM', 'COLORTERM', 'NO_COLOR', 'FORCE_COLOR'],
] as const

/** Whether a stream of this program is a terminal, and its size. */
export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** What Vitest shall take itself to be in: this terminal, this build server. */
export function termsOf(environment: NodeJS.ProcessEnv, stdout: Terminal): Terms {
  const env: Record<string, string> = {}
  for (const name of telling) {
    const value = environment[name]
    if (value !== undefined) {
      env[name] = value
    }
  }
  // In the guest stdout is a pipe, and libraries take every console of Windows for a coloured one.
  if (env['NO_COLOR'] === undefined && env['FORCE_COLOR'] === undefined) {
    env[stdout.isTTY || env['CI'] !== undefined ? 'FORCE_COLOR' : 'NO_COLOR'] = '1'
  }
  const { columns, rows } = stdout
  return stdout.isTTY ? { env, terminal: { columns: columns || 80, rows: rows || 24 } } : { env }
}
