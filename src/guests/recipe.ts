import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { OsrunError } from '../protocol/errors.ts'
import { findPackageFolder } from './package-folder.ts'

/** Where a guest's recipe lies: a folder of `docker/`, in the repository as in the published package. */
export interface Recipe {
  readonly folder: string
  /** The compiled agent that goes into the guest. */
  readonly agent: string
  /** Hash of the recipe's files and of the agent: equal inputs give an equal id. */
  readonly id: string
}

/** The recipe of the guest of that name. @throws OsrunError HOST_INCOMPLETE where the agent was not compiled */
export async function findRecipe(guest: string): Promise<Recipe> {
  const docker = join(findPackageFolder('docker/wine'), 'docker')
  const folder = join(docker, guest)
  const agent = findAgent()
  const hash = createHash('sha256')
  for (const file of [...(await filesBelow(folder)), agent]) {
    hash
      .update(`${relative(docker, file)}\0`)
      .update(await readFile(file))
      .update('\0')
  }
  return { folder, agent, id: hash.digest('hex').slice(0, 16) }
}

/** The compiled agent, one for all guests. @throws OsrunError HOST_INCOMPLETE where it was not compiled */
export function findAgent(): string {
  const agent = join(findPackageFolder('docker/agent'), 'docker', 'agent', 'build', 'osrun-agent.exe')
  if (!existsSync(agent)) {
    throw new OsrunError('HOST_INCOMPLETE', `The guest agent is not compiled (${agent}). Run \`npm run build\`.`)
  }
  return agent
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
