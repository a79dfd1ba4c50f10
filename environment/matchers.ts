/** The matchers, for `expect.extend`: the setup file does that, and `vitest-environment-osrun/test` has their types. */
export { toExitWith } from './expect/to-exit-with.ts'
export { type FileOptions, toHaveFile } from './expect/to-have-file.ts'
export { toHaveProcess } from './expect/to-have-process.ts'
export { type RegistryValue, toHaveRegistryValue } from './expect/to-have-registry-value.ts'
export { type ScreenOptions, toMatchScreen } from './expect/to-match-screen.ts'
