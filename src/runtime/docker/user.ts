import { chown, mkdir, stat } from 'node:fs/promises'
import { OsrunError } from '../../protocol/errors.ts'

/** An ordinary user by numbers. */
export interface User {
  readonly uid: number
  readonly gid: number
}

/** The user that the image makes for itself. */
const imageUser: User = { uid: 1000, gid: 1000 }

/** The user of this process, where the host has numbers for users. */
export function hostUser(): User | undefined {
  const uid = process.getuid?.()
  const gid = process.getgid?.()
  return uid === undefined || gid === undefined ? undefined : { uid, gid }
}

/**
 * Who the server is: `inside` its container, and as the owner of its files `outside`, on the host. That is the host's
 * user, but never root: a container of root's runs as the image's own user, and root in a rootless engine's container is
 * that engine's user.
 */
export function serverUser(host: User | undefined, rootless: boolean): { inside: User; outside: User | undefined } {
  if (rootless) {
    return { inside: { uid: 0, gid: 0 }, outside: host }
  }
  const user = host?.uid === 0 ? imageUser : host
  return { inside: user ?? imageUser, outside: user }
}

/**
 * Makes the folder that the container keeps its guests in, writable by its user.
 * @throws OsrunError SERVER_START_FAILED where it is another user's
 */
export async function prepareFolder(folder: string, owner: User | undefined): Promise<void> {
  await mkdir(folder, { recursive: true })
  const { uid } = await stat(folder)
  if (owner === undefined || uid === owner.uid) {
    return
  }
  if (hostUser()?.uid === 0) {
    await chown(folder, owner.uid, owner.gid)
    return
  }
  throw new OsrunError(
    'SERVER_START_FAILED',
    `The folder ${folder} belongs to user ${uid}, and the container would write to it as user ${owner.uid}. Give it ` +
      `away with \`sudo chown -R ${owner.uid}:${owner.gid} "${folder}"\`, or choose another cache folder with the ` +
      '`cache` option or OSRUN_CACHE.',
  )
}
