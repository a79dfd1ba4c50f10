import { expect, test } from 'vitest'
import { type ContainerTask, planContainer } from '../../../src/runtime/docker/container-plan.ts'

const task: ContainerTask = {
  run: 'c0ffee',
  owner: { pid: 42, host: 'here' },
  folder: '/home/me/a: b/docker',
  tokenFile: '.token-c0ffee',
  user: { uid: 1234, gid: 5678 },
  kvm: undefined,
  memoryBytes: 8 * 2 ** 30,
  options: { accel: 'auto' },
}

test('the container is read-only, without privileges, and removed when it ends', () => {
  expect(planContainer(task).host).toEqual({
    AutoRemove: true,
    ReadonlyRootfs: true,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    PidsLimit: 2048,
    Tmpfs: { '/tmp': 'rw,noexec,nosuid,nodev,size=1g,mode=1777' },
    Mounts: [{ Type: 'bind', Source: '/home/me/a: b/docker', Target: '/cache' }],
    PortBindings: { '8000/tcp': [{ HostIp: '127.0.0.1', HostPort: '0' }] },
  })
})

test('the container runs as the user and carries its owner', () => {
  expect(planContainer(task).create).toMatchObject({
    User: '1234:5678',
    Labels: { 'osrun.run': 'c0ffee', 'osrun.owner-pid': '42', 'osrun.owner-host': 'here' },
    ExposedPorts: { '8000/tcp': {} },
  })
})

const device = { path: '/dev/kvm' }
test.for<[string, Partial<ContainerTask>, string]>([
  ['no KVM to probe', {}, '--accel tcg --exit-when-idle 10'],
  ['KVM', { kvm: device }, '--accel auto --exit-when-idle 10'],
  ['KVM by name', { kvm: device, options: { accel: 'kvm' } }, '--accel kvm --exit-when-idle 10'],
  [
    'sizes',
    { options: { accel: 'tcg', machines: 3, memoryMiB: 2048, cpus: 2 } },
    '--accel tcg --exit-when-idle 10 --machines 3 --memory 2048MiB --cpus 2',
  ],
])('the command with %s', ([, change, end]) => {
  const start =
    'serve --host 0.0.0.0 --port 8000 --token-file /cache/.token-c0ffee --cache /cache --guest-files /opt/osrun/guests'
  expect(planContainer({ ...task, ...change }).create.Cmd).toEqual(`${start} ${end}`.split(' '))
})

test('what is exposed is reached from this computer only', () => {
  const { create, host } = planContainer({ ...task, options: { accel: 'tcg', expose: true } })
  expect(create.Cmd?.slice(-1)).toEqual(['--expose'])
  const ports = ['8000/tcp', '5950/tcp', '55556/tcp', '44444/tcp', '5454/tcp']
  expect(Object.keys(create.ExposedPorts ?? {}).sort()).toEqual(ports.sort())
  expect(host.PortBindings).toMatchObject({ '5950/tcp': [{ HostIp: '127.0.0.1', HostPort: '5950' }] })
  expect(Object.values(host.PortBindings ?? {}).flat()).toEqual(
    ports.map(() => ({ HostIp: '127.0.0.1', HostPort: expect.any(String) })),
  )
})

test('drives in memory have half of it', () => {
  const { create, host } = planContainer({ ...task, options: { accel: 'tcg', tempDrive: true } })
  expect(create.Cmd?.slice(-1)).toEqual(['--temp-drive'])
  expect(host.ShmSize).toBe(4 * 2 ** 30)
})

test.for<[ContainerTask['kvm'], object]>([
  [undefined, {}],
  [device, { Devices: [{ PathOnHost: '/dev/kvm', PathInContainer: '/dev/kvm', CgroupPermissions: 'rw' }] }],
  [
    { ...device, group: 104 },
    { Devices: [{ PathInContainer: '/dev/kvm' }], GroupAdd: ['104'] },
  ],
])('the devices with %o', ([kvm, expected]) => {
  const { host } = planContainer({ ...task, kvm })
  expect(host).toMatchObject(expected)
  expect('GroupAdd' in host).toBe('GroupAdd' in expected)
})
