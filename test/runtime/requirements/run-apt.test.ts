import { expect, test } from 'vitest'
import { parseAptProgress } from '../../../src/runtime/requirements/apt-progress.ts'
import { runStep, stepArguments } from '../../../src/runtime/requirements/run-apt.ts'

test.each([
  ['dlstatus:7:0.0000:Retrieving file 7 of 10', { phase: 'downloading file 7 of 10', percent: 0 }],
  ['dlstatus:9:90.8750:Retrieving file 9 of 12 (3s remaining)', { phase: 'downloading file 9 of 12', percent: 90.875 }],
  ['pmstatus:qemu-utils:66.6667:Unpacking qemu-utils', { phase: 'unpacking qemu-utils', percent: 66.6667 }],
  ['pmstatus:libc6:amd64:5.5:Preparing libc6:amd64', { phase: 'preparing libc6:amd64', percent: 5.5 }],
  ['pmstatus:dpkg-exec:0:Running dpkg', { phase: 'running dpkg', percent: 0 }],
  [
    'Waiting for cache lock: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 8 (apt-get)',
    { phase: 'waiting for another package manager to end' },
  ],
  ['Reading package lists...', undefined],
  ['pmerror:/var/cache/apt/archives/a.deb:12.5:trying to overwrite', undefined],
])('%j says %j', (line, progress) => {
  expect(parseAptProgress(line)).toEqual(progress)
})

const quiet = ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C', 'apt-get']
const options = ['-o', 'APT::Status-Fd=1', '-o', 'Dpkg::Use-Pty=0', '-o', 'DPkg::Lock::Timeout=300']

test.each([
  [['apt-get', 'update'], false, [...quiet, ...options, 'update']],
  [['apt-get', 'install', '--yes', 'make'], true, ['sudo', ...quiet, ...options, 'install', '--yes', 'make']],
  [['tee', '/etc/a b'], true, ['sudo', 'tee', '/etc/a b']],
  [['tee', '/etc/a b'], false, ['tee', '/etc/a b']],
] as const)('%j is run, with sudo: %s, as %j', (command, sudo, expected) => {
  expect(stepArguments(command, sudo)).toEqual(expected)
})

test.each([
  [['true'], undefined],
  [['sh', '-c', 'exit 100'], 'ended with exit code 100'],
  [['sh', '-c', 'kill -9 $$'], 'was ended by SIGKILL'],
] as const)('a step %j that ended is told as %j', async (command, end) => {
  expect(await runStep(command, quietly())).toBe(end)
})

test('a step that does not exist is told with the reason', async () => {
  expect(await runStep(['osrun-no-such-program'], quietly())).toContain('ENOENT')
})

test('an aborted signal ends a step', async () => {
  const signal = AbortSignal.timeout(200)
  expect(await runStep(['sleep', '60'], { ...quietly(), signal })).toBe('was canceled')
})

test('what a step says is heard line by line, from both its outputs', async () => {
  const heard: string[] = []
  await runStep(['sh', '-c', 'echo one; sleep 0.2; echo two >&2'], { ...quietly(), hear: (line) => heard.push(line) })
  expect(heard).toEqual(['one', 'two'])
})

function quietly() {
  return { out: () => undefined, hear: () => undefined, began: Date.now(), sudo: false }
}
