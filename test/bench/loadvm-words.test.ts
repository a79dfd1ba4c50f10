import { expect, test } from 'vitest'
import { loadvmWords } from '../../bench/loadvm-words.ts'
import { qemuArguments } from '../../src/machines/qemu-arguments.ts'

const words = qemuArguments({
  name: 'm1',
  shape: {
    ...{ machineType: 'pc-q35-10.0', accelerator: 'tcg', cpuModel: 'Westmere', cpus: 1, memoryMiB: 2048 },
    ...{ screen: { width: 1024, height: 768 }, kernel: { image: '/k', initrd: '/i', commandLine: 'quiet' } },
  },
  memory: { use: 'fresh' },
  ...{ disk: '/d.qcow2', network: 'isolated', incoming: false, serialLog: '/log' },
  sockets: { qmp: '/s/qmp', vnc: '/s/vnc', guestAgent: '/s/qga' },
})
const start = { snapshot: 'bench', port: '1234', monitor: true }

test('it names the snapshot and the port, runs at once, and has a monitor for people', () => {
  const loading = loadvmWords(words, start)
  expect(loading.slice(-2)).toEqual(['-loadvm', 'bench'])
  expect(loading.join(' ')).toContain('"tcp:127.0.0.1:1234-:5454"')
  expect(loading).toContain('chardev=qmp,mode=readline')
  expect(loading).not.toContain('-S')
})

test('without a monitor, nothing but the monitor is missing', () => {
  const monitored = loadvmWords(words, start)
  const loading = loadvmWords(words, { ...start, monitor: false })
  const missing = ['-chardev', 'socket,id=qmp,path=/s/qmp,server=off', '-mon', 'chardev=qmp,mode=readline']
  expect(monitored.filter((word) => !loading.includes(word))).toEqual([missing[1], missing[2], missing[3]])
  expect(loading).toHaveLength(monitored.length - missing.length)
})
