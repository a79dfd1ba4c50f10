/**
 * How a machine is called in the viewer's addresses, for a pattern: one that a client has, or one in which a guest of that
 * name installs itself.
 */
export const machineInPath = 'm\\d{1,9}|install-[a-z0-9][a-z0-9._-]{0,63}'

/** The one in which that guest installs itself. */
export function installingMachine(guest: string): string {
  return `install-${guest}`
}
