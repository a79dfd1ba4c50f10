import { defineConfig } from 'vitest/config'
import { osrun } from 'vitest-environment-osrun/plugin'

export default defineConfig({
  plugins: [
    osrun({
      snapshot: 'greeter',
      snapshots: {
        greeter: { setup: './greeter.setup.ts' },
        'greeter-polite': { from: 'greeter', setup: './polite.setup.ts' },
      },
    }),
  ],
})
