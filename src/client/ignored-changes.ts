/** Tells whether a path, or a key of the registry, is left out of what has changed. */
export type Ignored = (path: string) => boolean

/**
 * What a system changes by itself. A text is a path, and stands for all below it as well; `*` in it is any part of a name.
 */
export const ignoredByDefault: readonly string[] = [
  'C:\\$Recycle.Bin',
  'C:\\pagefile.sys',
  'C:\\swapfile.sys',
  'C:\\hiberfil.sys',
  'C:\\System Volume Information',
  'C:\\ProgramData\\Microsoft',
  'C:\\ProgramData\\USOShared',
  'C:\\Users\\*\\AppData\\Local\\Microsoft',
  'C:\\Users\\*\\AppData\\Local\\Packages',
  'C:\\Users\\*\\AppData\\Local\\Temp',
  'C:\\Users\\*\\AppData\\Roaming\\Microsoft\\Windows\\Recent',
  'C:\\Users\\*\\NTUSER.DAT*',
  'C:\\Windows\\Logs',
  'C:\\Windows\\Prefetch',
  'C:\\Windows\\ServiceProfiles',
  'C:\\Windows\\ServiceState',
  'C:\\Windows\\SoftwareDistribution',
  'C:\\Windows\\System32\\config',
  'C:\\Windows\\System32\\LogFiles',
  'C:\\Windows\\System32\\sru',
  'C:\\Windows\\System32\\wbem',
  'C:\\Windows\\System32\\winevt',
  'C:\\Windows\\Temp',
  'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Explorer',
  'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\CloudStore',
  'HKCU\\Software\\Microsoft\\Windows\\Shell',
  'HKCU\\Software\\Classes\\Local Settings',
  'HKLM\\Software\\Microsoft\\Windows NT\\CurrentVersion\\Diagnostics',
  'HKLM\\Software\\Microsoft\\Windows NT\\CurrentVersion\\Perflib',
  'HKLM\\Software\\Microsoft\\Windows NT\\CurrentVersion\\Schedule',
  'HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Diagnostics',
  'HKLM\\Software\\Microsoft\\WindowsUpdate',
  'HKLM\\System\\CurrentControlSet\\Services\\bam',
  'HKLM\\System\\CurrentControlSet\\Services\\SharedAccess\\Epoch',
  'HKLM\\System\\CurrentControlSet\\Services\\Tcpip\\Parameters',
  'HKLM\\System\\CurrentControlSet\\Services\\W32Time',
]

/** @param patterns paths as above, or expressions that are looked for in a path as it is written */
export function ignoring(patterns: readonly (string | RegExp)[]): Ignored {
  const expressions = patterns.map((pattern) => (typeof pattern === 'string' ? expressionOf(pattern) : pattern))
  return (path) => expressions.some((expression) => path.search(expression) >= 0)
}

function expressionOf(pattern: string): RegExp {
  const parts = pattern.replace(/\\+$/, '').split('*')
  const escaped = parts.map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&')).join('[^\\\\]*')
  return new RegExp(`^${escaped}(?:\\\\|$)`, 'i')
}
