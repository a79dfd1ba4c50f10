import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { isOsrunError } from '../../../src/protocol/errors.ts'
import { yes } from '../../../src/runtime/requirements/ask.ts'
import { checkRequirements } from '../../../src/runtime/requirements/check.ts'
import { ensureRequirements, planFor } from '../../../src/runtime/requirements/install.ts'
import type { Purpose } from '../../../src/runtime/requirements/requirements.ts'
import { stepArguments } from '../../../src/runtime/requirements/run-apt.ts'
import { bareHost, noApt } from './apt.ts'

const everything = {
  bookworm: { 'qemu-system-x86': '1:7.2+dfsg-7', 'qemu-utils': '1:7.2+dfsg-7', mmdebstrap: '1.3.5-7' },
  'bookworm-backports': {
    'qemu-system-x86': '1:10.0.2~bpo12+1',
    'qemu-utils': '1:10.0.2~bpo12+1',
    mmdebstrap: '1.5.6',
  },
}
const withApt = test.skipIf(noApt !== undefined)
const skipped = noApt === undefined ? '' : ` (skipped: ${noApt})`

afterEach(() => {
  vi.unstubAllEnvs()
})

withApt(`apt takes QEMU from backports and the rest from the release${skipped}`, async () => {
  await using host = await stubHost(everything)
  const plan = await planFor(await unmet(['machines', 'wine']), host.etc)
  const steps = plan.by === 'apt' ? plan.commands : []
  // The mirror is this host's own: that the suite is on it has to be known to apt first.
  expect(plan).toHaveProperty('source.text', expect.stringContaining('Suites: bookworm-backports\n'))
  await expect(ensureRequirements(['machines', 'wine'], { out: () => {}, ask: yes, etc: host.etc })).rejects.toThrow()
  const installed: string[] = []
  for (const step of steps) {
    const [program, ...words] = stepArguments(step, false)
    const { stdout } = await execa(program, words)
    installed.push(...stdout.split('\n').filter((line) => line.startsWith('Inst ')))
  }
  expect(installed.map((line) => line.replace(/^Inst (\S+) \((\S+) .*/, '$1 $2')).sort()).toEqual([
    'mmdebstrap 1.3.5-7',
    'qemu-system-x86 1:10.0.2~bpo12+1',
    'qemu-utils 1:10.0.2~bpo12+1',
  ])
})

withApt(`all is said before it is done, and what is missing afterwards is an error${skipped}`, async () => {
  await using host = await stubHost(everything)
  const lines: string[] = []
  const source = join(host.etc, 'apt', 'sources.list.d', 'osrun-backports.sources')
  const questions: string[] = []
  const ask = async (question: string) => {
    questions.push(question)
    expect(await readdir(join(host.etc, 'apt', 'sources.list.d'))).toEqual(['debian.sources'])
    return true
  }
  const outcome = ensureRequirements(['machines', 'wine'], { out: (line) => lines.push(line), ask, etc: host.etc })
  // The apt of this host only simulates.
  await expect(outcome).rejects.toMatchObject({
    code: 'HOST_INCOMPLETE',
    message: expect.stringMatching(/^The packages are installed, and yet:\n {2}qemu-system-x86_64: not found, 10\.0/),
  })
  const uri = /URIs: (.*)/.exec(await readFile(source, 'utf8'))?.[1]
  expect(questions).toEqual(['Install?'])
  expect(lines.map((line) => line.replace(/\d+:\d\d/, '0:00'))).toEqual([
    'This host lacks for running machines, making the guest wine:',
    '  qemu-system-x86_64: not found, 10.0 or newer is needed; it runs the machines',
    '  qemu-img: not found, 10.0 or newer is needed; it gives each machine a disk of its own',
    "  mmdebstrap: not found; it unpacks the guest's Debian packages",
    'To be installed, from the mirror that apt uses here:',
    '  qemu-system-x86, qemu-utils from bookworm-backports',
    '  mmdebstrap from bookworm',
    `Written first, so that apt knows the backports: ${source}`,
    '  | # Made by osrun for QEMU.',
    '  | Types: deb',
    `  | URIs: ${uri}`,
    '  | Suites: bookworm-backports',
    '  | Components: main',
    '  | Trusted: yes',
    'Commands:',
    '  apt-get update',
    '  apt-get install --yes --no-install-recommends --target-release bookworm-backports qemu-system-x86 qemu-utils',
    '  apt-get install --yes --no-install-recommends mmdebstrap',
    '  0:00  apt-get update',
    '  0:00  apt-get install --yes --no-install-recommends --target-release bookworm-backports qemu-system-x86 qemu-utils',
    '  0:00  apt-get install --yes --no-install-recommends mmdebstrap',
  ])
})

withApt(`a failure carries the last lines of apt and takes the new source back${skipped}`, async () => {
  await using host = await stubHost({ bookworm: everything.bookworm })
  const lines: string[] = []
  const out = (line: string) => lines.push(line)
  const failure = await ensureRequirements(['machines', 'wine'], { out, ask: yes, etc: host.etc }).catch(
    (error: unknown) => error,
  )
  const message = isOsrunError(failure) ? failure.message : ''
  expect(failure).toMatchObject({ code: 'HOST_INCOMPLETE' })
  expect(message).toMatch(
    /^`apt-get install .* qemu-system-x86 qemu-utils` ended with exit code 100\. Its last lines:\n/,
  )
  expect(message).toContain("'bookworm-backports' is invalid")
  expect(message.split('\n').length).toBeLessThanOrEqual(16)
  expect(lines.at(-2)).toMatch(/`apt-get update` ended with exit code 100; going on with what apt knows$/)
  expect(await readdir(join(host.etc, 'apt', 'sources.list.d'))).toEqual(['debian.sources'])
})

withApt(`nothing is done when the user declines${skipped}`, async () => {
  await using host = await stubHost(everything)
  const declined = ensureRequirements(['machines'], { out: () => {}, ask: async () => false, etc: host.etc })
  await expect(declined).rejects.toMatchObject({ code: 'HOST_INCOMPLETE' })
  expect(await readdir(join(host.etc, 'apt', 'sources.list.d'))).toEqual(['debian.sources'])
})

withApt(`an aborted signal ends the installation${skipped}`, async () => {
  await using host = await stubHost(everything)
  const signal = AbortSignal.abort()
  const outcome = ensureRequirements(['machines'], { out: () => {}, ask: yes, etc: host.etc, signal })
  await expect(outcome).rejects.toMatchObject({ code: 'CANCELED' })
  expect(await readdir(join(host.etc, 'apt', 'sources.list.d'))).toEqual(['debian.sources'])
})

test('a host that lacks nothing is left alone and hears nothing', async () => {
  const lines: string[] = []
  expect(await ensureRequirements([], { out: (line) => lines.push(line) })).toBe(false)
  expect(lines).toEqual([])
})

async function stubHost(suites: Parameters<typeof bareHost>[0]) {
  const host = await bareHost(suites)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  vi.stubEnv('PATH', host.variables.PATH)
  vi.stubEnv('APT_CONFIG', host.variables.APT_CONFIG)
  return host
}

async function unmet(purposes: readonly Purpose[]) {
  return (await checkRequirements(purposes)).filter(({ state }) => state !== 'ok')
}
