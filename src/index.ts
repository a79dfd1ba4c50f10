/**
 * The Vitest environment, for `environment: 'osrun'` and `// @vitest-environment osrun`, and the types. Fixtures are in
 * `vitest-environment-osrun/test`: Vitest loads an environment where tests cannot be declared yet.
 */
export { environment as default } from '../environment/environment.ts'
export type { MachineOptions, OsrunOptions, RecipeOptions } from '../environment/options.ts'
export type * from '../environment/types.ts'
export type {
  Changed,
  ChangesOptions,
  ClickOptions,
  Clock,
  DialogMode,
  DirEntry,
  FileStat,
  HostPort,
  Keyboard,
  Mouse,
  Progress,
  RunOptions,
  RunResult,
  Screenshot,
  ServerOptions,
  SnapshotInfo,
  SpawnOptions,
  SystemChanges,
  TerminalSize,
  Win,
  WindowInfo,
  WinProcess,
} from './client/index.ts'
export { isOsrunError, isWinCommandError, OsrunError, type OsrunErrorCode, WinCommandError } from './client/index.ts'
