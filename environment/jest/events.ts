import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Circus } from '@jest/types'
import type { Evidence, ObservedTest } from '../failure/evidence.ts'
import { attemptFolder } from '../failure/folder.ts'
import { summaryLine } from '../failure/report.ts'
import type { Session } from '../session.ts'

/** Where the tests stand. */
export interface JestFile {
  readonly rootDir: string
  readonly file: string
}

/** A test that has begun. */
interface Begun {
  readonly over: AbortController
  readonly end: () => void
}

/** Follows the tests of one file by the events of Jest's runner. */
export class JestTests {
  readonly #session: Session
  readonly #place: JestFile
  readonly #begun = new Map<Circus.TestEntry, Begun>()

  constructor(session: Session, place: JestFile) {
    this.#session = session
    this.#place = place
  }

  async on(event: Circus.AsyncEvent | Circus.SyncEvent, { currentlyRunningTest }: Circus.State): Promise<void> {
    switch (event.name) {
      case 'hook_start':
        // A test that is left out begins too, but none of its hooks.
        if (event.hook.type === 'beforeEach' && currentlyRunningTest) {
          await this.#begin(currentlyRunningTest)
        }
        break
      case 'test_fn_start':
        await this.#begin(event.test)
        break
      case 'test_fn_failure':
        await this.#keep(event.test, errorOf(event.error))
        this.#begun.get(event.test)?.over.abort(event.error)
        break
      case 'hook_failure':
        if (event.test) {
          await this.#keep(event.test, errorOf(event.error))
        }
        break
      case 'test_retry':
        this.#end(event.test)
        break
      case 'test_done':
        await this.#keep(event.test, undefined)
        this.#end(event.test)
        break
      default:
    }
  }

  /** Where the evidence of the test that began last goes, below `root`. */
  evidenceFolder(root: string): string | undefined {
    const test = [...this.#begun.keys()].at(-1)
    return test && attemptFolder(root, this.#observe(test))
  }

  async #begin(test: Circus.TestEntry): Promise<void> {
    if (this.#begun.has(test)) {
      return
    }
    const over = new AbortController()
    try {
      const end = await this.#session.begin({ signal: over.signal, observe: () => this.#observe(test) })
      this.#begun.set(test, { over, end })
    } catch (error) {
      // Jest runs no test that has an error.
      test.errors.push([error, error])
      this.#begun.set(test, { over, end: () => {} })
    }
  }

  #end(test: Circus.TestEntry): void {
    const begun = this.#begun.get(test)
    this.#begun.delete(test)
    begun?.over.abort()
    begun?.end()
  }

  /** Keeps evidence where it is wanted. Never throws. @param error has it said where it is */
  async #keep(test: Circus.TestEntry, error: Error | undefined): Promise<void> {
    try {
      const evidence = this.#begun.has(test) ? await this.#session.evidence() : undefined
      if (evidence !== undefined && error !== undefined) {
        tell(error, describe(evidence))
      }
    } catch (reason) {
      if (error !== undefined) {
        tell(error, `osrun: the evidence of this test is missing: ${errorOf(reason)?.message ?? reason}`)
      }
    }
  }

  #observe(test: Circus.TestEntry): ObservedTest {
    const failed = test.errors.length > 0
    return {
      place: {
        ...{ project: '', file: relative(this.#place.rootDir, this.#place.file).replaceAll('\\', '/') },
        ...{ names: namesOf(test), id: idOf(test) },
      },
      state: failed ? 'failed' : test.status === undefined || test.status === null ? 'running' : 'passed',
      attempt: test.invocations > 1 ? `retry ${test.invocations - 1}` : '',
      errors: test.errors.map((error) => {
        const [first, second] = Array.isArray(error) ? error : [error]
        return stripVTControlCharacters(errorOf(first ?? second)?.message ?? String(first ?? second))
      }),
    }
  }
}

/** Of this realm or of the tests' own. */
function errorOf(value: unknown): Error | undefined {
  return typeof value === 'object' && value !== null && 'message' in value ? (value as Error) : undefined
}

/** Jest has no annotations, and prints the stack, which has the message as it was when the error was made. */
function tell(error: Error, text: string): void {
  const { message, stack } = error
  if (stack?.includes(message)) {
    error.stack = stack.replace(message, () => `${message}\n\n${text}`)
  } else {
    error.message = `${message}\n\n${text}`
  }
}

function describe(evidence: Evidence): string {
  const { screen, folder } = evidence
  const shown = (path: string) => relative(process.cwd(), path)
  const picture = screen === undefined ? [] : [`osrun: screen ${shown(screen)}`]
  return [...picture, `osrun: ${summaryLine(evidence, shown(folder))}`].join('\n')
}

function namesOf(test: Circus.TestEntry): string[] {
  const names = [test.name]
  for (let block: Circus.DescribeBlock | undefined = test.parent; block?.parent; block = block.parent) {
    names.unshift(block.name)
  }
  return names
}

/** Its places among the children of each block: names may come twice. */
function idOf(test: Circus.TestEntry): string {
  const places: number[] = []
  let child: Circus.TestEntry | Circus.DescribeBlock = test
  for (let block: Circus.DescribeBlock | undefined = test.parent; block; block = block.parent) {
    places.unshift(block.children.indexOf(child))
    child = block
  }
  return places.join('.')
}
