/** For programs that are no tests: `import { startServer } from 'vitest-environment-osrun/client'`. */
export { isOsrunError, OsrunError, type OsrunErrorCode } from '../protocol/errors.ts'
export type { Progress, SnapshotInfo } from '../protocol/messages.ts'
export type { ServerOptions } from '../runtime/settings.ts'
export type { ChangesOptions } from './changes.ts'
export type { Clock } from './clock.ts'
export type { Shell } from './command-line.ts'
export type { Changed, SystemChanges } from './compare-inventories.ts'
export type { WindowInfo } from './desktop.ts'
export type { GuestFiles } from './file-methods.ts'
export type { DirEntry, EntryType, FileStat } from './files.ts'
export type { ClickOptions, Keyboard, Mouse } from './input.ts'
export type { HostPort } from './port.ts'
export type { TerminalSize } from './process.ts'
export { isWinCommandError, type RunResult, WinCommandError } from './result.ts'
export type { Chunk, DialogMode, Encoding, RunOptions, SpawnOptions } from './run-options.ts'
export {
  type AcquireOptions,
  type ConnectOptions,
  connect,
  type OsrunServer,
  type StartServerOptions,
  startServer,
} from './server.ts'
export type { WinProcess } from './spawn.ts'
export type { Screenshot, Win } from './win.ts'
