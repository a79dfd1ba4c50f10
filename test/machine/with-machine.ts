import { afterAll, beforeAll } from 'vitest'
import { type OsrunServer, startServer, type Win } from '../../src/client/index.ts'
import { putProgram } from './with-program.ts'

/** What a test file works with; there from `beforeAll` on. */
export interface WithMachine {
  server: OsrunServer
  win: Win
}

/** A machine room and one machine with the program in it, for a test file. Where they run is OSRUN_RUNTIME's matter. */
export function withMachine(label: string): WithMachine {
  const given = {} as WithMachine
  beforeAll(async () => {
    given.server = await startServer()
    given.win = await given.server.acquire({ label })
    await putProgram(given.win)
  })
  afterAll(async () => {
    await given.server?.[Symbol.asyncDispose]()
  })
  return given
}
