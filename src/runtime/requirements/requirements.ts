/** What a host can be prepared for. */
export type Purpose = 'machines' | 'wine' | 'windows' | 'build' | 'test'

/** What each purpose is, as a person says it after "for". */
export const purposes: Readonly<Record<Purpose, string>> = {
  machines: 'running machines',
  wine: 'making the guest wine',
  windows: 'getting Windows and making media of it',
  build: 'building osrun from its repository',
  test: "running the repository's tests",
}

/** A program or a file that a purpose needs on the host. */
export interface Requirement {
  readonly purpose: Purpose
  /** A program on the PATH, or the absolute path of a file. */
  readonly name: string
  /** Where other systems have the file, or what they call the program; one of all will do. */
  readonly orElse?: readonly string[]
  /** What to call a file. */
  readonly title?: string
  /** One clause for the user: what osrun does with it. */
  readonly why: string
  /** How the program tells its version; a file has none. */
  readonly version?: VersionRule
  /** The package that brings it; without an entry, no package of that kind is known. */
  readonly packages: { readonly apt: string; readonly brew?: string; readonly dnf?: string }
  /** Releases whose own package is older than the minimum. */
  readonly tooOldIn?: TooOld
  /** Only there; default everywhere. */
  readonly platform?: NodeJS.Platform
  /** Only root can do without it. */
  readonly rootless?: true
}

export interface VersionRule {
  readonly arguments: readonly string[]
  /** Its first group is the version. */
  readonly pattern: RegExp
  /** The oldest that will do. */
  readonly minimum?: string
}

export interface TooOld {
  /** By the id in `os-release`: the last release whose own package is too old. */
  readonly last: Readonly<Record<string, string>>
  /** Codenames of those Debian releases whose backports have one that is new enough. */
  readonly backports: readonly string[]
}

const qemu = {
  tooOldIn: { last: { debian: '12', ubuntu: '25.04' }, backports: ['bookworm'] },
  minimum: '10.0',
} as const

/** All that osrun may need on a host, for whatever purpose. */
export const requirements: readonly Requirement[] = [
  {
    purpose: 'machines',
    name: 'qemu-system-x86_64',
    why: 'runs the machines',
    version: versionAfter('QEMU emulator version', qemu.minimum),
    packages: { apt: 'qemu-system-x86', brew: 'qemu', dnf: 'qemu-system-x86-core' },
    tooOldIn: qemu.tooOldIn,
  },
  {
    purpose: 'machines',
    name: 'qemu-img',
    why: 'gives each machine a disk of its own',
    version: versionAfter('qemu-img version', qemu.minimum),
    packages: { apt: 'qemu-utils', brew: 'qemu', dnf: 'qemu-img' },
    tooOldIn: qemu.tooOldIn,
  },
  {
    purpose: 'machines',
    name: 'flock',
    why: 'lets one process at a time make a snapshot',
    version: versionAfter('util-linux'),
    packages: { apt: 'util-linux', brew: 'flock', dnf: 'util-linux' },
  },
  {
    purpose: 'machines',
    name: 'setpriv',
    why: 'ends the machines when osrun ends',
    version: versionAfter('util-linux'),
    packages: { apt: 'util-linux', dnf: 'util-linux' },
    platform: 'linux',
  },
  {
    purpose: 'wine',
    name: 'mmdebstrap',
    why: "unpacks the guest's Debian packages",
    version: versionAfter('mmdebstrap'),
    packages: { apt: 'mmdebstrap', dnf: 'mmdebstrap' },
  },
  {
    purpose: 'wine',
    name: 'mke2fs',
    why: "makes the guest's file system out of a folder",
    version: { ...versionAfter('mke2fs', '1.43'), arguments: ['-V'] },
    packages: { apt: 'e2fsprogs', brew: 'e2fsprogs', dnf: 'e2fsprogs' },
  },
  {
    purpose: 'wine',
    name: '/usr/share/keyrings/debian-archive-keyring.gpg',
    title: 'Debian keyring',
    why: "checks the signatures of the guest's Debian packages",
    packages: { apt: 'debian-archive-keyring', dnf: 'debian-keyring' },
    platform: 'linux',
  },
  {
    purpose: 'wine',
    name: 'newuidmap',
    why: 'lets a user who is not root make the guest',
    packages: { apt: 'uidmap', dnf: 'shadow-utils' },
    platform: 'linux',
    rootless: true,
  },
  {
    purpose: 'wine',
    name: 'unshare',
    why: 'keeps the making of the guest apart from the host',
    version: versionAfter('util-linux'),
    packages: { apt: 'util-linux', dnf: 'util-linux' },
    platform: 'linux',
  },
  {
    purpose: 'wine',
    name: 'mount',
    why: 'gives the guest its file systems while it is made',
    version: versionAfter('mount from util-linux'),
    packages: { apt: 'mount', dnf: 'util-linux' },
    platform: 'linux',
  },
  {
    purpose: 'windows',
    name: 'cabextract',
    why: "unpacks Microsoft's list of media, and packages of Windows",
    version: versionAfter('cabextract version'),
    packages: { apt: 'cabextract', brew: 'cabextract', dnf: 'cabextract' },
  },
  {
    purpose: 'windows',
    name: 'wimlib-imagex',
    why: 'reads and makes images of Windows',
    version: versionAfter('wimlib-imagex', '1.13'),
    packages: { apt: 'wimtools', brew: 'wimlib', dnf: 'wimlib-utils' },
  },
  {
    purpose: 'windows',
    name: '7zz',
    orElse: ['7z'],
    why: "reads Windows' own ISOs",
    version: { ...versionAfter('7-Zip(?: \\(z\\))?'), arguments: ['i'] },
    packages: { apt: '7zip', brew: 'sevenzip', dnf: '7zip' },
  },
  {
    purpose: 'windows',
    name: 'genisoimage',
    why: 'makes the media that a machine installs from',
    version: versionAfter('genisoimage'),
    packages: { apt: 'genisoimage', dnf: 'genisoimage' },
  },
  {
    purpose: 'windows',
    name: 'mcopy',
    why: 'fills the part of a medium that UEFI boots',
    version: versionAfter('mcopy \\(GNU mtools\\)'),
    packages: { apt: 'mtools', brew: 'mtools', dnf: 'mtools' },
  },
  {
    purpose: 'windows',
    name: '/usr/share/OVMF/OVMF_CODE_4M.fd',
    orElse: ['/usr/share/edk2/ovmf/OVMF_CODE.fd', '/usr/share/edk2/x64/OVMF_CODE.4m.fd'],
    title: 'OVMF',
    why: 'starts machines by UEFI, where that is asked for',
    packages: { apt: 'ovmf', dnf: 'edk2-ovmf' },
    platform: 'linux',
  },
  {
    purpose: 'windows',
    name: 'swtpm',
    why: 'is the TPM of machines, where that is asked for',
    version: versionAfter('TPM emulator version', '0.7'),
    packages: { apt: 'swtpm', brew: 'swtpm', dnf: 'swtpm' },
    platform: 'linux',
  },
  {
    purpose: 'build',
    name: 'x86_64-w64-mingw32-gcc',
    why: "compiles osrun's agent, which runs in the guest",
    version: versionAfter('x86_64-w64-mingw32-gcc \\(GCC\\)'),
    packages: { apt: 'gcc-mingw-w64-x86-64-win32', brew: 'mingw-w64', dnf: 'mingw64-gcc' },
  },
  {
    purpose: 'build',
    name: 'make',
    why: "runs the compilation of osrun's agent",
    version: versionAfter('GNU Make'),
    packages: { apt: 'make', brew: 'make', dnf: 'make' },
  },
  {
    purpose: 'test',
    name: 'gcc',
    why: "compiles the tests of the agent's parts for this host",
    version: versionAfter('gcc \\(.*?\\)'),
    packages: { apt: 'gcc', dnf: 'gcc' },
    platform: 'linux',
  },
  {
    purpose: 'test',
    name: '/usr/include/stdio.h',
    title: 'C library headers',
    why: 'is what gcc needs for a program of this host',
    packages: { apt: 'libc6-dev', dnf: 'glibc-devel' },
    platform: 'linux',
  },
  {
    purpose: 'test',
    name: 'chromium',
    why: 'opens the viewer as a person would',
    packages: { apt: 'chromium', dnf: 'chromium' },
    platform: 'linux',
  },
  ...standInPrograms(),
]

// A system that stands in for Windows while it is installed is started by these, and made of these.
function standInPrograms(): Requirement[] {
  const files = [
    ['/usr/lib/ISOLINUX/isolinux.bin', 'isolinux'],
    ['/usr/bin/syslinux', 'syslinux'],
    ['/usr/lib/SYSLINUX/mbr.bin', 'syslinux-common'],
    ['/usr/bin/busybox', 'busybox-static'],
    ['/usr/sbin/depmod', 'kmod'],
    ['/usr/sbin/mkfs.fat', 'dosfstools'],
    ['/usr/sbin/sfdisk', 'fdisk'],
    ['/usr/lib/systemd/boot/efi/systemd-bootx64.efi', 'systemd-boot-efi'],
  ] as const
  return files.map(([name, apt]) => ({
    ...{ purpose: 'test', name, title: apt, platform: 'linux', packages: { apt } },
    why: 'makes a system that is installed as Windows is',
  }))
}

/** A requirement for a person: "qemu-system-x86_64 10.0 or newer". */
export function describeRequirement({ title, name, version }: Requirement): string {
  return version?.minimum === undefined ? (title ?? name) : `${name} ${version.minimum} or newer`
}

function versionAfter(words: string, minimum?: string): VersionRule {
  const pattern = new RegExp(`${words} v?(\\d+(?:\\.\\d+)*)`)
  return { arguments: ['--version'], pattern, ...(minimum === undefined ? {} : { minimum }) }
}
