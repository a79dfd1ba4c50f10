import type { Progress } from '../protocol/messages.ts'

/** A machine room that runs somewhere, and the way to stop it. */
export interface RunningServer extends AsyncDisposable {
  /** Websocket address without path, e.g. `ws://127.0.0.1:41234`. */
  readonly url: string
  readonly token: string
  /** Where it runs. */
  readonly runtime: 'docker' | 'host' | 'remote'
  /** Graceful, then forced; safe to call twice; resolves when nothing of the server is left. */
  stop(): Promise<void>
}

/** How to start a machine room. */
export interface RuntimeOptions {
  /** Folder that holds guests and snapshots between runs; made when missing. */
  readonly cache: string
  readonly accel: 'auto' | 'kvm' | 'hvf' | 'tcg'
  /** Most machines at once; the server's default is from its cores and memory. */
  readonly machines?: number
  /** Most machines that wait for their client; the server's default is from its cores. */
  readonly standbys?: number
  /** Keep in memory what the machines write to their disks. */
  readonly tempDrive?: boolean
  /** Memory of a guest in MiB; the guest's own default when left out. */
  readonly memoryMiB?: number
  /** Virtual CPUs of a guest; the guest's own default when left out. */
  readonly cpus?: number
  /** For debugging only: gives the machines ports without a token, on this computer's loopback. */
  readonly expose?: boolean
  /** Called with each phase of what takes long (building the image). */
  readonly onProgress: (progress: Progress) => void
  /** One line of what the server says about itself. */
  readonly onLog: (line: string) => void
  readonly signal?: AbortSignal
}

/** One way to run a machine room. */
export interface Runtime {
  readonly name: RunningServer['runtime']
  /** Undefined when it can be used here, otherwise why not and what to do, as one sentence. */
  unavailable(): Promise<string | undefined>
  start(options: RuntimeOptions): Promise<RunningServer>
}
