/** How QEMU loads a snapshot that is inside its disk. */
export interface LoadvmStart {
  readonly snapshot: string
  /** On the host, leads to the agent. */
  readonly port: string
  /** Whether somebody listens for QEMU's monitor. It is the one for people: QMP may hang where it is spoken to early. */
  readonly monitor: boolean
}

/** The command line of a machine with fresh memory, as one that loads its memory from its disk and runs at once. */
export function loadvmWords(words: readonly string[], { snapshot, port, monitor }: LoadvmStart): string[] {
  const changed = words
    .filter((word) => word !== '-S')
    .map((word) => word.replace('tcp:127.0.0.1:0-', `tcp:127.0.0.1:${port}-`).replace('mode=control', 'mode=readline'))
  return [...(monitor ? changed : withoutMonitor(changed)), '-loadvm', snapshot]
}

function withoutMonitor(words: readonly string[]): string[] {
  const isMonitor = (word = '') => word.startsWith('socket,id=qmp,') || word.startsWith('chardev=qmp,')
  return words.filter((word, index) => !isMonitor(word) && !isMonitor(words[index + 1]))
}
