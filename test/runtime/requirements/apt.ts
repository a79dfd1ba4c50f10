import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { execa } from 'execa'

const architecture = await execa('dpkg', ['--print-architecture'], { reject: false })
const { uid } = process.getuid === undefined ? { uid: -1 } : { uid: process.getuid() }

/** Why apt cannot be tested on this host; undefined where it can. */
export const noApt = architecture.failed ? 'there is no apt' : uid !== 0 ? 'only root can' : undefined

/** A Debian 12 that has nothing but apt: a mirror of its own, and an apt that only simulates. */
export interface BareHost extends AsyncDisposable {
  /** Stands for `/etc`. */
  readonly etc: string
  /** `PATH` without what osrun installs, and `APT_CONFIG`. */
  readonly variables: { readonly PATH: string; readonly APT_CONFIG: string }
}

/** @param suites packages and their version by suite; a suite that is not there is not on the mirror */
export async function bareHost(suites: Readonly<Record<string, Readonly<Record<string, string>>>>): Promise<BareHost> {
  const folder = await mkdtemp(join(tmpdir(), 'osrun host '))
  const at = (...parts: string[]) => join(folder, ...parts)
  for (const [suite, packages] of Object.entries(suites)) {
    await writeSuite(at('mirror', 'dists', suite), suite, packages)
  }
  await mkdir(at('etc', 'apt', 'sources.list.d'), { recursive: true })
  await writeFile(at('etc', 'os-release'), 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n')
  const uri = pathToFileURL(at('mirror')).href.replace('file://', 'file:')
  await writeFile(
    at('etc', 'apt', 'sources.list.d', 'debian.sources'),
    `Types: deb\nURIs: ${uri}\nSuites: bookworm\nComponents: main\nTrusted: yes\n`,
  )
  await mkdir(at('state', 'lists', 'partial'), { recursive: true })
  await mkdir(at('cache', 'archives', 'partial'), { recursive: true })
  await writeFile(at('status'), '')
  await writeFile(at('apt.conf'), aptConfiguration(folder))
  await linkPrograms(at('bin'))
  return {
    etc: at('etc'),
    variables: { PATH: at('bin'), APT_CONFIG: at('apt.conf') },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

async function writeSuite(folder: string, suite: string, packages: Readonly<Record<string, string>>): Promise<void> {
  const index = Object.entries(packages).map(
    ([name, version]) =>
      `Package: ${name}\nVersion: ${version}\nArchitecture: all\nFilename: ${name}.deb\nSize: 1\nSHA256: ${sha256(name)}\n`,
  )
  const text = index.join('\n')
  const path = `main/binary-${architecture.stdout}/Packages`
  await mkdir(join(folder, path, '..'), { recursive: true })
  await writeFile(join(folder, path), text)
  const release = [
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    `Architectures: ${architecture.stdout}`,
    'Components: main',
    `Date: ${new Date().toUTCString()}`,
    ...(suite.endsWith('-backports') ? ['NotAutomatic: yes', 'ButAutomaticUpgrades: yes'] : []),
    'SHA256:',
    ` ${sha256(text)} ${Buffer.byteLength(text)} ${path}`,
  ]
  await writeFile(join(folder, 'Release'), `${release.join('\n')}\n`)
}

function aptConfiguration(folder: string): string {
  return `Dir::State "${folder}/state";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}/cache";
Dir::Etc "${folder}/etc/apt";
APT::Sandbox::User "root";
APT::Get::Simulate "true";
`
}

async function linkPrograms(bin: string): Promise<void> {
  await mkdir(bin)
  for (const name of await readdir('/usr/bin')) {
    if (!/^(qemu|mmdebstrap$|x86_64-w64)/.test(name)) {
      await symlink(join('/usr/bin', name), join(bin, name))
    }
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
