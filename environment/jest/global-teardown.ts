import { takeTeardowns } from './teardown.ts'

/** Stops the machine room that the global setup has started. */
export default async function teardown(): Promise<void> {
  for (const each of takeTeardowns()) {
    await each()
  }
}
