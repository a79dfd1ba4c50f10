import type Dockerode from 'dockerode'
import { removeContainer } from './container-end.ts'
import { label } from './container-plan.ts'

/** A container of ours as the engine lists it. */
export interface Listed {
  readonly State: string
  readonly Labels: Readonly<Record<string, string>>
}

/** Removes what earlier runs left: containers of ours that have ended, or whose owner has. Never rejects. */
export async function removeOrphans(docker: Dockerode, host: string): Promise<void> {
  const listed = await docker.listContainers({ all: true, filters: { label: [label.run] } }).catch(() => [])
  const orphans = listed.filter((container) => isOrphan(container, host, isAlive))
  await Promise.all(orphans.map(({ Id }) => removeContainer(docker, Id)))
}

/** True for a container that nobody will come back to. Owners on other hosts cannot be asked. */
export function isOrphan({ State, Labels }: Listed, host: string, alive: (pid: number) => boolean): boolean {
  if (State === 'exited' || State === 'dead') {
    return true
  }
  return Labels[label.ownerHost] === host && !alive(Number(Labels[label.ownerPid]))
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) {
    return false
  }
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives, as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
