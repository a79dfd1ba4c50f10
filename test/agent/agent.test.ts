import { execa } from 'execa'
import { expect, test } from 'vitest'

const gcc = await execa('gcc', ['--version'], { reject: false })

test.skipIf(gcc.failed)(
  "the agent's pure units pass their own tests under the address sanitizer (needs gcc)",
  async () => {
    const { all, exitCode } = await execa('make', ['-C', 'docker/agent', 'test'], { all: true, reject: false })
    expect({ exitCode, all: exitCode === 0 ? '' : all }).toEqual({ exitCode: 0, all: '' })
    expect(all.match(/^ok /gm)?.length).toBeGreaterThan(20)
  },
  300_000,
)
