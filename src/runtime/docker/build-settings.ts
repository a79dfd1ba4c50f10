import { Buffer } from 'node:buffer'
import { getCACertificates } from 'node:tls'
import { execa } from 'execa'

/** How this computer reaches the outside, as far as a build has to know it. */
export interface BuildSettings {
  /** Files that are added to the build context. */
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly buildargs: Readonly<Record<string, string>>
}

/** Proxies that every builder knows and keeps out of the image's history. */
const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY']

/** The proxies, the npm registry and the certificate authorities that this computer uses. */
export async function buildSettings(environment: NodeJS.ProcessEnv = process.env): Promise<BuildSettings> {
  const names = [...proxyVariables, ...proxyVariables.map((name) => name.toLowerCase())]
  const proxies = names.flatMap((name) => (environment[name] ? [[name, environment[name]]] : []))
  const registry = await npmRegistry()
  const authorities = extraAuthorities()
  return {
    files: new Map(authorities === '' ? [] : [['docker/server/ca.pem', Buffer.from(authorities)]]),
    buildargs: { ...Object.fromEntries(proxies), ...(registry === undefined ? {} : { NPM_REGISTRY: registry }) },
  }
}

// What this computer trusts beyond the well-known authorities: a company's own, which signs what passes its proxy.
function extraAuthorities(): string {
  const known = new Set(getCACertificates('bundled').map(withoutBlanks))
  const trusted = [...getCACertificates('extra'), ...getCACertificates('system')]
  return [...new Set(trusted)]
    .filter((authority) => !known.has(withoutBlanks(authority)))
    .sort()
    .join('\n')
}

function withoutBlanks(text: string): string {
  return text.replace(/\s/g, '')
}

// A registry with a password in its address is not written into layers that stay on the disk.
async function npmRegistry(): Promise<string | undefined> {
  const { stdout, failed } = await execa('npm', ['config', 'get', 'registry'], {
    reject: false,
    stdin: 'ignore',
    timeout: 15_000,
  })
  const address = failed ? null : URL.parse(stdout.trim())
  return address !== null && address.username === '' && /^https?:$/.test(address.protocol) ? address.href : undefined
}
