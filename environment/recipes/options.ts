import * as v from 'valibot'
import { isName } from '../../src/protocol/names.ts'
import { nameOption } from '../../src/runtime/settings.ts'

/** A state of a machine that is built once, from another one by a program of the user's. */
export interface RecipeOptions {
  /** The recipe or snapshot that it starts from. Default `provisioned`. */
  readonly from?: string
  /**
   * Path of a module, from the project's root, whose default export brings a machine into the state:
   * `async (win: Win) => { … }`.
   */
  readonly setup: string
  /**
   * Files and folders, from the project's root, on which the state depends besides: an edit of one builds it anew. The
   * modules of the setup and what it uploads are known without.
   */
  readonly inputs?: readonly string[]
  /** Milliseconds that the setup may take. Default 30 minutes. */
  readonly timeout?: number
}

/** The store's names have a hash behind, and at most 64 characters. */
const longestName = 47

const path = v.pipe(v.string('a path'), v.nonEmpty('a path'))
const expectedName = `a name of 1 to ${longestName} lower case letters, digits, ".", "_" or "-", other than "provisioned"`

/** The option `snapshots`; a message is the end of the sentence "Expected the option to be ...". */
export const recipesOption = v.optional(
  v.record(
    v.pipe(
      v.string(),
      v.check((name) => isName(name) && name.length <= longestName && name !== 'provisioned', expectedName),
    ),
    v.strictObject({
      from: nameOption,
      setup: path,
      inputs: v.optional(v.array(path, 'a list of paths')),
      timeout: v.optional(v.pipe(v.number('milliseconds'), v.minValue(1, 'milliseconds'))),
    }),
    'an object of recipes by name',
  ),
)
