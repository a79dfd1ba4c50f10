/**
 * QEMU gives up the system calls that no machine of ours needs, starting programs among them. It does so by seccomp, which
 * only Linux has: elsewhere QEMU does not know the flag, and would not start.
 */
export function sandboxArguments(platform: NodeJS.Platform = process.platform): readonly string[] {
  return platform === 'linux'
    ? ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny']
    : []
}
