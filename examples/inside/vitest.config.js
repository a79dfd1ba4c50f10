import { defineConfig } from 'vitest/config'

export default defineConfig({
  // `bug/` fails in Windows, and is there to be seen failing: npx osrun test --dir bug
  test: { dir: 'test' },
})
