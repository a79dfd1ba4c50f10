import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'

const compiler = await execa('x86_64-w64-mingw32-gcc', ['--version'], { reject: false })

test.skipIf(compiler.failed)(
  'the agent has the same bytes whatever folder it is built in (needs mingw-w64)',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'osrun-agent-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const folders = [join(folder, 'agent'), join(folder, 'with a space', 'and deeper')]
    const [first, second] = (await Promise.all(folders.map(build))) as [Buffer, Buffer]
    expect(first.subarray(0, 2).toString()).toBe('MZ')
    expect(Buffer.compare(first, second)).toBe(0)
  },
  900_000,
)

async function build(folder: string): Promise<Buffer> {
  for (const part of ['Makefile', 'src']) {
    await cp(join('docker/agent', part), join(folder, part), { recursive: true })
  }
  await execa('make', ['--silent', '-C', folder])
  return readFile(join(folder, 'build/osrun-agent.exe'))
}
