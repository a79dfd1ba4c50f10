import type { Progress, RequestStatus } from '../protocol/messages.ts'

type Asked = Pick<RequestStatus, 'label' | 'guest' | 'snapshot'>
type OnProgress = (progress: Progress) => void

/** One client that waits. */
export interface RoomRequest {
  turn(state: RequestStatus['state']): void
  /** Passes progress on, and notes it. */
  readonly onProgress: OnProgress
}

/** The clients of a machine room that have no machine yet, and what they wait for. */
export class RoomRequests {
  readonly #waiting = new Set<RequestStatus>()
  #count = 0

  /** Has the client on the list while the work goes on. */
  async during<T>(asked: Asked, onProgress: OnProgress, work: (request: RoomRequest) => Promise<T>): Promise<T> {
    this.#count += 1
    let status: RequestStatus = { id: `r${this.#count}`, ...asked, state: 'building', since: Date.now() }
    const change = (next: RequestStatus) => {
      this.#waiting.delete(status)
      status = next
      this.#waiting.add(status)
    }
    change(status)
    try {
      return await work({
        turn: (state) => {
          const { phase: _, percent: __, ...rest } = status
          change({ ...rest, state })
        },
        onProgress: (progress) => {
          const { phase, percent } = progress
          change({ ...status, phase, percent })
          onProgress(progress)
        },
      })
    } finally {
      this.#waiting.delete(status)
    }
  }

  /** Those longest waiting first. What was only just asked for and says nothing of itself is not worth a line. */
  describe(): RequestStatus[] {
    return [...this.#waiting]
      .filter(({ state, phase }) => state !== 'building' || phase !== undefined)
      .sort((a, b) => a.since - b.since)
  }
}
