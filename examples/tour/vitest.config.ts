import { defineConfig } from 'vitest/config'
import { osrun } from 'vitest-environment-osrun/plugin'

export default defineConfig({
  plugins: [osrun({ snapshot: 'node', snapshots: { node: { setup: '../node/node.setup.ts' } } })],
})
