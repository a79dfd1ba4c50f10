/** What `--expose` opens for a machine, for a person who debugs. */
export const debugPorts = {
  screen: { port: 5950, what: 'raw VNC' },
  monitor: { port: 55_556, what: "QEMU's human monitor" },
  guestAgent: { port: 44_444, what: "QEMU's guest agent (JSON)" },
  agent: { port: 5454, what: "the agent's raw dialect (a command line, then stdin)" },
} as const

/** What whoever started the server is told, however quiet he wants it. */
export function exposeWarning(machine: string): string {
  return `WARNING: --expose: whoever reaches the ports of machine ${machine} controls it, without a token`
}

/** True for a line of a server's log about what is exposed. */
export function isAboutExposed(line: string): boolean {
  return /^(osrun: )?(WARNING: )?--expose: /.test(line)
}
