import { OsrunError } from '../../protocol/errors.ts'

/** Who is asked for media by themselves; a download may also go to any host that these name. */
export const knownHosts = {
  /** Microsoft's short links: the way to its catalogue of ESD files. */
  links: 'go.microsoft.com',
  uupApi: 'api.uupdump.net',
  uupSite: 'uupdump.net',
  /** Answers for UUP dump where that is down. */
  uupBackup: 'uup.rg-adguard.net',
} as const

/** Host names, each with the address that is asked in its place. */
export type Hosts = ReadonlyMap<string, URL>

/**
 * Reads which hosts are to be replaced by mirrors: those of the option, and those of `OSRUN_MEDIA_HOSTS`
 * (`go.microsoft.com=https://mirror.example/ms uupdump.net=http://127.0.0.1:8080`), of which the option's win. A path of
 * the mirror's address comes before the path that is asked for.
 * @throws OsrunError BAD_OPTION
 */
export function readHosts(option: Readonly<Record<string, string>> = {}, variable: string | undefined = ''): Hosts {
  const pairs = variable.split(/[\s,]+/).filter((pair) => pair !== '')
  return new Map([
    ...pairs.map((pair) => {
      const [name = '', ...address] = pair.split('=')
      return readHost(name, address.join('='), 'OSRUN_MEDIA_HOSTS')
    }),
    ...Object.entries(option).map(([name, address]) => readHost(name, address, 'the option `hosts`')),
  ])
}

function readHost(name: string, address: string, source: string): [string, URL] {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const known = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (!/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i.test(name) || url === undefined || !known || url.search || url.hash) {
    throw new OsrunError(
      'BAD_OPTION',
      `Expected ${source} to have pairs such as go.microsoft.com=https://mirror.example/microsoft, got ` +
        `${JSON.stringify(`${name}=${address}`)}.`,
    )
  }
  return [name.toLowerCase(), url]
}

/** Where to ask for `url`: itself, or the same path on its host's mirror. */
export function mirrored(url: URL, hosts: Hosts): URL {
  const mirror = hosts.get(url.hostname.toLowerCase())
  return mirror === undefined
    ? url
    : new URL(`${mirror.pathname.replace(/\/+$/, '')}${url.pathname}${url.search}`, mirror.origin)
}

/** An address for a person and for a file: without what may be secret or only is true today. */
export function shown(url: string | URL): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}
