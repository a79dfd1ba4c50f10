import { describe, expect, test } from 'vitest'
import { type QemuStart, qemuArguments } from '../../src/machines/qemu-arguments.ts'
import type { Devices } from '../../src/machines/shape.ts'

const start: QemuStart = {
  name: 'm1',
  shape: {
    machineType: 'pc-q35-10.0',
    accelerator: 'tcg',
    cpuModel: 'Westmere',
    cpus: 1,
    memoryMiB: 1024,
    screen: { width: 1024, height: 768 },
    kernel: { image: '/guest/vmlinuz', initrd: '/guest/initrd.img', commandLine: 'root=/dev/vda' },
  },
  memory: { path: '/store/ram', use: 'clone' },
  disk: '/run/m1/disk-1.qcow2',
  network: 'isolated',
  incoming: true,
  sockets: { qmp: '/tmp/s/m1.qmp', vnc: '/tmp/s/m1.vnc', guestAgent: '/tmp/s/m1.qga' },
  serialLog: '/run/m1/serial.log',
}

/** The values that follow `flag`. */
function valuesOf(flag: string, words: readonly string[]): string[] {
  return words.flatMap((word, index) => (word === flag ? [words[index + 1] ?? ''] : []))
}

describe('the memory', () => {
  test('of a guest that boots is no file', () => {
    const [memory = ''] = valuesOf('-object', qemuArguments({ ...start, memory: { use: 'fresh' } }))
    expect(JSON.parse(memory)).toEqual({
      'qom-type': 'memory-backend-ram',
      id: 'pc.ram',
      size: 2 ** 30,
      reserve: false,
    })
  })

  test('of a clone is mapped privately from a file opened for reading', () => {
    const [memory = ''] = valuesOf('-object', qemuArguments(start))
    expect(JSON.parse(memory)).toMatchObject({ 'mem-path': '/store/ram', share: false, readonly: true, rom: 'off' })
  })

  test('of a template is mapped shared, so that the guest writes into the file', () => {
    const [memory = ''] = valuesOf(
      '-object',
      qemuArguments({ ...start, memory: { path: '/store/ram', use: 'template' } }),
    )
    expect(JSON.parse(memory)).toMatchObject({ share: true, size: 1024 * 1024 * 1024 })
    expect(memory).not.toContain('readonly')
  })
})

test('a template and its clone have the same devices at the same addresses', () => {
  const clone = valuesOf('-device', qemuArguments(start))
  const template = valuesOf(
    '-device',
    qemuArguments({ ...start, incoming: false, memory: { path: '/x', use: 'template' }, name: 'm2' }),
  )
  expect(clone).toEqual(template)
  const addresses = clone.map((device) => JSON.parse(device) as { bus?: string; addr?: string })
  const taken = addresses.filter(({ bus }) => bus === 'pcie.0').map(({ addr }) => addr)
  expect(new Set(taken).size).toBe(taken.length)
})

test.each([
  ['isolated', true],
  ['internet', false],
] as const)('the network "%s" has restrict %s and forwards one loopback port', (network, restrict) => {
  const [net = ''] = valuesOf('-netdev', qemuArguments({ ...start, network }))
  expect(JSON.parse(net)).toMatchObject({ restrict, hostfwd: [{ str: 'tcp:127.0.0.1:0-:5454' }] })
})

test.each([
  ['tcg', 'tcg,thread=multi,tb-size=256'],
  ['kvm', 'kvm'],
  ['hvf', 'hvf'],
] as const)('the accelerator %s is given as %s', (accelerator, expected) => {
  expect(valuesOf('-accel', qemuArguments({ ...start, shape: { ...start.shape, accelerator } }))).toEqual([expected])
})

test('only a machine that waits for a state has -incoming, and no machine runs by itself', () => {
  expect(valuesOf('-incoming', qemuArguments(start))).toEqual(['defer'])
  expect(qemuArguments({ ...start, incoming: false })).not.toContain('-incoming')
  expect(qemuArguments({ ...start, incoming: false })).toContain('-S')
})

test('no monitor, screen or guest port is open to the network, and QEMU is in its sandbox', () => {
  const words = qemuArguments(start, 'linux')
  expect(valuesOf('-vnc', words)).toEqual(['unix:/tmp/s/m1.vnc'])
  expect(valuesOf('-chardev', words).join(' ')).not.toMatch(/host=|port=/)
  expect(valuesOf('-sandbox', words)[0]).toBe('on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny')
  expect(words).toContain('-nodefaults')
})

test('on macOS, whose QEMU has no sandbox, none is asked for', () => {
  expect(qemuArguments(start, 'darwin')).not.toContain('-sandbox')
})

test('there is a monitor for a person only where one is asked for, and no other device with it', () => {
  expect(valuesOf('-mon', qemuArguments(start))).toEqual(['chardev=qmp,mode=control'])
  const exposed = qemuArguments({ ...start, sockets: { ...start.sockets, humanMonitor: '/tmp/s/m1.hmp' } })
  expect(valuesOf('-mon', exposed)).toEqual(['chardev=qmp,mode=control', 'chardev=hmp,mode=readline'])
  expect(valuesOf('-device', exposed)).toEqual(valuesOf('-device', qemuArguments(start)))
})

test('a comma in a path cannot end an option', () => {
  const odd = 'a b,readonly=off,c'
  const words = qemuArguments({
    ...start,
    sockets: { qmp: `/${odd}.qmp`, vnc: `/${odd}.vnc`, guestAgent: `/${odd}.qga`, humanMonitor: `/${odd}.hmp` },
    serialLog: `/${odd}.log`,
    disk: `/${odd}.qcow2`,
  })
  const withPath = words.filter((word) => word.includes('a b'))
  expect(withPath).toHaveLength(6)
  for (const word of withPath) {
    const isJson = word.startsWith('{')
    expect(word).toContain(isJson ? odd : 'a b,,readonly=off,,c')
  }
})

describe('a machine of what Windows brings drivers for', () => {
  const { kernel: _, ...shape } = start.shape
  const inbox: QemuStart = { ...start, shape: { ...shape, devices: 'inbox' }, incoming: false }
  const words = qemuArguments(inbox)
  const devices = valuesOf('-device', words).map((device) => JSON.parse(device))

  test('has its disk at the AHCI controller, an e1000e card, and nothing of virtio', () => {
    expect(devices).toContainEqual(expect.objectContaining({ driver: 'ide-hd', bus: 'ide.0', rotation_rate: 1 }))
    expect(devices).toContainEqual(expect.objectContaining({ driver: 'e1000e' }))
    expect(words.join(' ')).not.toContain('virt')
    expect(valuesOf('-machine', words)[0]).not.toContain('sata=off')
  })

  test('is started from its disk by the firmware, and its clock holds local time', () => {
    expect(words).not.toContain('-kernel')
    expect(valuesOf('-rtc', words)).toEqual(['base=localtime,clock=host'])
  })

  test('starts from the first medium, then from the disk; media are never written to', () => {
    const media = ['/media/boot, 1.iso', '/media/install.iso']
    const withMedia = qemuArguments({ ...inbox, media })
    const order = valuesOf('-device', withMedia)
      .map((device) => JSON.parse(device))
      .filter(({ bootindex }) => bootindex !== undefined)
      .map(({ driver, bus, bootindex }) => ({ driver, bus, bootindex }))
    expect(order).toEqual([
      { driver: 'ide-hd', bus: 'ide.0', bootindex: 2 },
      { driver: 'ide-cd', bus: 'ide.1', bootindex: 0 },
      { driver: 'ide-cd', bus: 'ide.2', bootindex: 1 },
    ])
    const drives = valuesOf('-blockdev', withMedia).map((drive) => JSON.parse(drive))
    expect(drives.slice(1).map(({ 'read-only': readOnly, file }) => [readOnly, file.filename])).toEqual(
      media.map((file) => [true, file]),
    )
  })
})

describe('a machine for Windows on virtio', () => {
  const { kernel: _, ...shape } = start.shape
  const withKinds = (devices: Devices) => qemuArguments({ ...start, shape: { ...shape, devices }, incoming: false })
  const devicesOf = (words: string[]) => valuesOf('-device', words).map((device) => JSON.parse(device))
  const placesOf = (words: string[]) =>
    devicesOf(words).map(({ driver, bus, addr }): [string, string, string?] => [driver, bus, addr])

  test('is started from its disk by the firmware, has local time and a keyboard controller, and no AHCI', () => {
    const words = withKinds('virtio')
    expect(words).not.toContain('-kernel')
    expect(valuesOf('-rtc', words)).toEqual(['base=localtime,clock=host'])
    const [machine = ''] = valuesOf('-machine', words)
    expect(machine).toMatch(/,sata=off,hpet=off$/)
    expect(machine).not.toMatch(/i8042|smbus/)
    expect(devicesOf(words)).toContainEqual(
      expect.objectContaining({ driver: 'virtio-blk-pci', drive: 'disk', bootindex: 0 }),
    )
    expect(words.join(' ')).not.toMatch(/e1000e|ide-hd/)
    // One that has a kernel needs no order of its disks, and keeps the one it has.
    expect(valuesOf('-device', qemuArguments(start)).join()).not.toContain('bootindex')
  })

  test('had all its devices while it was installed, each where it was or will be, but for the one card', () => {
    const [virtio, inbox, both] = [withKinds('virtio'), withKinds('inbox'), withKinds('both')]
    for (const place of placesOf(inbox)) {
      expect(placesOf(both)).toContainEqual(place)
    }
    const moved = placesOf(virtio).filter((place) => !placesOf(both).some((other) => `${other}` === `${place}`))
    expect(moved).toEqual([['virtio-net-pci', 'pcie.0', '0x4']])
    const taken = placesOf(both).flatMap(([, bus, addr]) => (bus === 'pcie.0' ? [addr] : []))
    expect(new Set(taken).size).toBe(taken.length)
    expect(valuesOf('-machine', both)).toEqual(valuesOf('-machine', inbox))
  })

  test('works by its own disk and card meanwhile: the others are empty, and lead nowhere', () => {
    const words = withKinds('both')
    expect(devicesOf(words).filter(({ drive }) => drive !== undefined)).toEqual([
      expect.objectContaining({ driver: 'ide-hd', drive: 'disk', bootindex: 0 }),
      { driver: 'virtio-blk-pci', id: 'disk1', bus: 'pcie.0', addr: '0x3', drive: 'empty' },
    ])
    expect(valuesOf('-blockdev', words).map((drive) => JSON.parse(drive).driver)).toEqual(['qcow2', 'null-co'])
    const [own, other] = valuesOf('-netdev', words).map((net) => JSON.parse(net))
    expect(own).toHaveProperty('hostfwd')
    expect(other).toEqual({ type: 'user', id: 'nowhere', restrict: true, ipv6: false, net: '10.0.3.0/24' })
  })
})

describe('a machine that is started by UEFI', () => {
  const firmware = { code: '/guest, 1/firmware.fd', variables: '/guest, 1/variables.fd' }
  const words = qemuArguments({ ...start, shape: { ...start.shape, firmware }, variables: '/run/m1/variables.fd' })

  test('has the code of its firmware in flash that nobody writes to, and variables of its own in flash', () => {
    const drives = valuesOf('-blockdev', words).map((drive) => JSON.parse(drive))
    const flash = drives.filter(({ 'node-name': name }) => name !== 'disk')
    expect(flash.map(({ 'node-name': name, 'read-only': readOnly, file }) => [name, readOnly, file.filename])).toEqual([
      ['firmware', true, firmware.code],
      ['variables', false, '/run/m1/variables.fd'],
    ])
    expect(valuesOf('-machine', words)[0]).toMatch(/,pflash0=firmware,pflash1=variables$/)
  })

  test('has the devices of one that a BIOS starts', () => {
    expect(valuesOf('-device', words)).toEqual(valuesOf('-device', qemuArguments(start)))
    expect(valuesOf('-machine', qemuArguments(start))[0]).not.toContain('pflash')
  })
})

test('a TPM is a device behind all others, and without one there is none', () => {
  const words = qemuArguments({ ...start, tpmSocket: '/run, 1/m1.tpm' })
  expect(valuesOf('-chardev', words)).toContain('socket,id=swtpm,path=/run,, 1/m1.tpm')
  expect(valuesOf('-tpmdev', words)).toEqual(['emulator,id=tpm,chardev=swtpm'])
  const devices = valuesOf('-device', words)
  expect(devices.map((each) => JSON.parse(each).driver)).toContain('tpm-crb')
  expect(devices.filter((each) => !each.includes('tpm'))).toEqual(valuesOf('-device', qemuArguments(start)))
})
