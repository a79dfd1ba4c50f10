import type { ContainerCreateOptions, HostConfig } from 'dockerode'
import { debugPorts } from '../../protocol/debug-ports.ts'
import { cacheTarget } from '../media-path.ts'
import { type RoomOptions, roomArguments } from '../room-arguments.ts'
import type { RuntimeOptions } from '../runtime.ts'
import type { KvmDevice } from './kvm.ts'
import type { User } from './user.ts'

/** Labels by which later runs know what is ours and whether its owner still lives. */
export const label = { run: 'osrun.run', ownerPid: 'osrun.owner-pid', ownerHost: 'osrun.owner-host' } as const

/** Port of the server in its container; the image's health check knows it too. */
export const serverPort = 8000
/** Where the host's folder lies in the container. */
/** Seconds without a client after which the server ends, and with it the container. */
const idleSeconds = 10

/** All that a container is made from. */
export interface ContainerTask {
  readonly run: string
  readonly owner: { readonly pid: number; readonly host: string }
  /** The host's folder that the container keeps guests and snapshots in. */
  readonly folder: string
  /** Name of the file with the token, in that folder. */
  readonly tokenFile: string
  readonly user: User
  readonly kvm: KvmDevice | undefined
  /** Of the computer. */
  readonly memoryBytes: number
  readonly options: Pick<RuntimeOptions, 'accel'> & RoomOptions
}

/** What the engine is asked for, besides the image. */
export function planContainer(task: ContainerTask): { create: ContainerCreateOptions; host: HostConfig } {
  return {
    create: {
      User: `${task.user.uid}:${task.user.gid}`,
      Cmd: serverCommand(task),
      Labels: {
        [label.run]: task.run,
        [label.ownerPid]: String(task.owner.pid),
        [label.ownerHost]: task.owner.host,
      },
      ExposedPorts: Object.fromEntries([serverPort, ...exposedPorts(task)].map((port) => [`${port}/tcp`, {}])),
    },
    host: {
      AutoRemove: true,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: 2048,
      Tmpfs: { '/tmp': 'rw,noexec,nosuid,nodev,size=1g,mode=1777' },
      // Not `Binds`: a folder's name may hold a colon, and a missing one is an error here.
      Mounts: [{ Type: 'bind', Source: task.folder, Target: cacheTarget }],
      PortBindings: portBindings(task),
      // A container's own is 64 MiB.
      ...(task.options.tempDrive ? { ShmSize: Math.floor(task.memoryBytes / 2) } : {}),
      ...deviceOptions(task.kvm),
    },
  }
}

/** Those of the first machine: a container's ports are all named before it starts. */
function exposedPorts({ options }: ContainerTask): number[] {
  return options.expose ? Object.values(debugPorts).map(({ port }) => port) : []
}

function portBindings(task: ContainerTask): HostConfig['PortBindings'] {
  const ports = [[serverPort, 0], ...exposedPorts(task).map((port) => [port, port])]
  return Object.fromEntries(
    ports.map(([inside, outside]) => [`${inside}/tcp`, [{ HostIp: '127.0.0.1', HostPort: String(outside) }]]),
  )
}

function serverCommand({ tokenFile, kvm, options }: ContainerTask): string[] {
  // What is not passed in need not be looked for.
  const accel = options.accel === 'auto' && kvm === undefined ? 'tcg' : options.accel
  return [
    'serve',
    ...['--host', '0.0.0.0'],
    ...['--port', String(serverPort)],
    ...['--token-file', `${cacheTarget}/${tokenFile}`],
    ...['--cache', cacheTarget],
    ...['--guest-files', '/opt/osrun/guests'],
    ...['--accel', accel],
    ...['--exit-when-idle', String(idleSeconds)],
    ...roomArguments(options),
  ]
}

function deviceOptions(kvm: KvmDevice | undefined): HostConfig {
  if (kvm === undefined) {
    return {}
  }
  return {
    Devices: [{ PathOnHost: kvm.path, PathInContainer: kvm.path, CgroupPermissions: 'rw' }],
    ...(kvm.group === undefined ? {} : { GroupAdd: [String(kvm.group)] }),
  }
}
