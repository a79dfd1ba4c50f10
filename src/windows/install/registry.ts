import type { Install } from './install.ts'

/** Registry files in the order of import, by name: for whom (`both` profiles or one, any family or one), and which hive. */
export const registryFiles = [
  'both-software.reg',
  'both-system.reg',
  'both-user.reg',
  'both-server-software.reg',
  'slim-software.reg',
  'slim-system.reg',
  'slim-user.reg',
  'slim-server-software.reg',
] as const

/** Those that an installation gets. */
export function registryFilesOf({ profile, family }: Pick<Install, 'profile' | 'family'>): string[] {
  return registryFiles.filter((name) => {
    const [whose, ...rest] = name.split('-')
    return (whose === 'both' || whose === profile) && (rest[0] !== 'server' || family === 'server')
  })
}
