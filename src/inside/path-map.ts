import { isAbsolute, relative, resolve, sep } from 'node:path'
import { OsrunError } from '../protocol/errors.ts'

/** A path of the project in the guest, at the end of a piece of text that is not all there yet. */
const longestPath = 1024

/** The project's folder in the guest and on this computer, and what translates one into the other. */
export class PathMap {
  readonly #guest: string
  readonly #host: string
  readonly #pattern: RegExp
  readonly #begun: RegExp

  /** @param guest e.g. `C:\inside\project` @param host e.g. `/home/me/project` */
  constructor(guest: string, host: string) {
    this.#guest = guest
    this.#host = host
    const folders = guest.split('\\').map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    // `C:\a`, `C:/a`, and `C:\\a` as JSON and JavaScript write it; `file:///C:/a` and Vite's `/@fs/C:/a` around it.
    const separator = String.raw`(?:\\\\|\\|/)`
    // Names with brackets, as routes have them; otherwise a bracket ends the path.
    const name = String.raw`(?:\[[^\s\]\\/]+\]|\([^\s)\\/]+\)|[^\s"'\`<>|*?:;,(){}[\]\\/])+`
    this.#pattern = new RegExp(
      `(file:///|/@fs/)?${folders.join(separator)}(?![a-z0-9_-])((?:${separator}${name})*${separator}?)`,
      'gi',
    )
    const drive = guest.slice(0, 1)
    const before = String.raw`\bf(?:i(?:l(?:e(?::/{0,3})?)?)?)?|/(?:@(?:f(?:s/?)?)?)?`
    const path = String.raw`(?:file:/{0,3}|/@fs/)?(?:\b${drive}:?|${drive}:[\\/][^\s"'\`<>|]*)`
    this.#begun = new RegExp(`(?:${path}|${before})$`, 'i')
  }

  /** Names of the project's files in the guest, as names of this computer's. */
  toHost(text: string): string {
    return text.replace(this.#pattern, (_all, before: string | undefined, rest: string) => {
      const path = this.#host + rest.replace(/\\\\|\\/g, '/')
      return before === undefined ? path : before.replace(/\/$/, '') + path
    })
  }

  /** The same for text that comes in pieces: `take` gives what is sure, `end` the rest. */
  stream(): { take(text: string): string; end(): string } {
    let held = ''
    return {
      take: (text) => {
        const all = held + text
        const begun = this.#begun.exec(all)
        const cut = begun === null || all.length - begun.index > longestPath ? all.length : begun.index
        held = all.slice(cut)
        return this.toHost(all.slice(0, cut))
      },
      end: () => {
        const rest = held
        held = ''
        return this.toHost(rest)
      },
    }
  }

  /**
   * An argument of Vitest's command, with a path of this computer in it as the guest's.
   * @throws OsrunError BAD_OPTION for one that lies outside of the project
   */
  argumentToGuest(argument: string): string {
    const [, option = '', value = ''] = /^(-[^=]*=)?(.*)$/s.exec(argument) ?? []
    if (!isAbsolute(value)) {
      return argument
    }
    const inside = relative(this.#host, resolve(value))
    if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
      throw new OsrunError(
        'BAD_OPTION',
        `Expected paths within the project ${this.#host}, which is all that goes into the guest, got ${argument}`,
      )
    }
    return option + [this.#guest, ...inside.split(sep).filter((name) => name !== '')].join('\\')
  }
}
