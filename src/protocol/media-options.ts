import * as v from 'valibot'
import { type WindowsWishes, windowsWishEntries } from './windows-wishes.ts'

const text = v.string('a string')
const word = (example: string) => v.pipe(text, v.regex(/^[A-Za-z0-9-]{2,40}$/, `a name such as ${example}`))
const folder = v.pipe(text, v.nonEmpty('the path of a folder'))

/** The option `media`; a message is the end of the sentence "Expected the option to be ...". */
export const mediaOptions = v.strictObject({
  iso: v.optional(v.pipe(text, v.nonEmpty('a path or an address'))),
  edition: v.optional(word('"Professional"')),
  language: v.optional(word('"en-us"')),
  profile: v.optional(v.picklist(['slim', 'stock'], '"slim" or "stock"')),
  firmware: v.optional(v.picklist(['bios', 'uefi'], '"bios" or "uefi"')),
  tpm: v.optional(v.boolean('true or false')),
  sha256: v.optional(v.pipe(text, v.regex(/^[0-9a-fA-F]{64}$/, '64 hexadecimal digits'))),
  ...windowsWishEntries,
  drivers: v.optional(folder),
  virtioDrivers: v.optional(v.pipe(text, v.nonEmpty('the path of an ISO or a folder'))),
  ownSteps: v.optional(folder),
})

/** From what, and as what, Windows is installed. The guest `wine` has no use for it. */
export interface MediaOptions extends WindowsWishes {
  /**
   * Own medium: an ISO, ESD or WIM file, or a folder with a UUP set, by its path on the computer where the machine room
   * runs; or the address of a file. Default: Microsoft's.
   */
  readonly iso?: string
  /** EDITIONID, e.g. `Professional` or `ServerStandard`, which are the defaults. */
  readonly edition?: string
  /** Default `en-us`. */
  readonly language?: string
  /** `slim` (default): without Defender, updates and indexing. `stock`: as users have it. */
  readonly profile?: 'slim' | 'stock'
  /** What starts the machine. Default `bios`. */
  readonly firmware?: 'bios' | 'uefi'
  /** A TPM 2.0, which the program swtpm emulates. Default false: Windows is installed without. */
  readonly tpm?: boolean
  /** Of the medium; another one is refused. */
  readonly sha256?: string
  /** A folder with drivers that Windows gets before it starts: `*.inf` and what belongs to them, in folders or not. */
  readonly drivers?: string
  /**
   * The ISO virtio-win, or a folder with its content or with the drivers alone: then the guest's machines have virtio
   * devices, once Windows was seen to start on them.
   */
  readonly virtioDrivers?: string
  /**
   * A folder with scripts `*.ps1` of your own, run at the first logon in the order of their names, and what they need;
   * no folders in it.
   */
  readonly ownSteps?: string
}
