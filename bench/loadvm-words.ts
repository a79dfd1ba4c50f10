import { ramBlock } from '../src/machines/qemu-arguments.ts'

/** How QEMU loads a snapshot that is inside its disk. */
export interface LoadvmStart {
  readonly memoryMiB: number
  readonly snapshot: string
  /** On the host, leads to the agent. */
  readonly port: string
  /** Whether somebody listens for QEMU's monitor. It is the one for people: QMP may hang where it is spoken to early. */
  readonly monitor: boolean
}

/**
 * The command line of a machine, as one that loads its memory from its disk and runs at once. The memory is QEMU's own,
 * as where nobody says anything about it.
 */
export function loadvmWords(words: readonly string[], { memoryMiB, snapshot, port, monitor }: LoadvmStart): string[] {
  const memory = { 'qom-type': 'memory-backend-ram', id: ramBlock, size: memoryMiB * 2 ** 20 }
  const changed = words
    .filter((word) => word !== '-S')
    .map((word) => (word.includes('memory-backend-file') ? JSON.stringify(memory) : word))
    .map((word) => word.replace('tcp:127.0.0.1:0-', `tcp:127.0.0.1:${port}-`).replace('mode=control', 'mode=readline'))
  return [...(monitor ? changed : withoutMonitor(changed)), '-loadvm', snapshot]
}

function withoutMonitor(words: readonly string[]): string[] {
  const isMonitor = (word = '') => word.startsWith('socket,id=qmp,') || word.startsWith('chardev=qmp,')
  return words.filter((word, index) => !isMonitor(word) && !isMonitor(words[index + 1]))
}
