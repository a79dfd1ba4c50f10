import { defineConfig } from 'vitest/config'

export default defineConfig({
  // `bug/` fails in Windows, and is there to be seen failing: npx osrun test --dir bug
  // Threads: a process for each file is more than a guest of 1 GiB holds.
  test: { dir: 'test', pool: 'threads', fileParallelism: false, isolate: false, testTimeout: 60_000 },
})
