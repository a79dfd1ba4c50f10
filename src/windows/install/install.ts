import * as v from 'valibot'
import { OsrunError } from '../../protocol/errors.ts'
import type { WindowsImage } from '../medium.ts'
import { type Family, type Profile, profiles, type WindowsGuest, windowsGuests } from './guest.ts'
import { passwordProblem } from './password.ts'

/** What a user may say about the installed Windows. */
export interface InstallWishes {
  /**
   * The account that logs on by itself. Default `Administrator`, the built-in account, where Windows calls it so
   * (English), else `osrun`, an account that is made. At most 20 characters.
   */
  readonly user?: string | undefined
  /** Its password, in clear: Windows keeps it for the automatic logon anyway. Default `Passw0rd!`. */
  readonly password?: string | undefined
  /** At most 15 of A to Z, 0 to 9 and `-`. Default: the guest's name in capitals. */
  readonly computer?: string | undefined
  /** As Windows calls it. Default `UTC`. */
  readonly timeZone?: string | undefined
  /** For formats of dates and numbers, e.g. `de-DE`. Default: the image's language. */
  readonly locale?: string | undefined
  /** As Windows writes it, e.g. `0409:00000409` or `en-US`. Default: the locale's. */
  readonly keyboard?: string | undefined
  /** For an edition that asks for one. osrun brings none, and a key for installing activates nothing. */
  readonly productKey?: string | undefined
  /** Whether the files are kept compressed: some 2 GB less, and slower to read. Default false. */
  readonly compact?: boolean | undefined
}

type Decided<T> = { readonly [Name in keyof T]-?: NonNullable<T[Name]> }

/** All that the scripts of one installation are rendered from. */
export interface Install extends Decided<Omit<InstallWishes, 'productKey'>> {
  readonly guest: WindowsGuest
  readonly family: Family
  readonly profile: Profile
  readonly image: WindowsImage
  /** `built-in`: the account that every Windows has; `own`: one that the answer file makes. */
  readonly account: 'built-in' | 'own'
  readonly productKey: string | undefined
}

const forbidden = /["/\\[\]:;|=,+*?<>%@]/
const text = (pattern: RegExp, what: string) => v.optional(v.pipe(v.string(what), v.regex(pattern, what)))
const wishes = v.strictObject({
  user: v.optional(
    v.pipe(
      v.string('the name of an account'),
      v.check(
        (name) =>
          name.trim() === name && /^[\x20-\x7e]{1,20}$/.test(name) && !forbidden.test(name) && !name.endsWith('.'),
        'a name of 1 to 20 ASCII characters without any of "/\\[]:;|=,+*?<>%@',
      ),
    ),
  ),
  password: v.optional(v.string('a text')),
  computer: text(/^(?!\d+$)[A-Z0-9](?:[A-Z0-9-]{0,13}[A-Z0-9])?$/, 'a name of 1 to 15 capitals, digits and "-"'),
  timeZone: text(/^[A-Za-z0-9 .()+-]{1,64}$/, 'the name of a time zone as Windows has it, e.g. "UTC"'),
  locale: text(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/, 'a locale such as "de-DE"'),
  keyboard: text(
    /^(?:[0-9a-fA-F]{4}:[0-9a-fA-F]{8}|[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3})$/,
    'a keyboard such as "0409:00000409"',
  ),
  productKey: text(/^(?:[A-Z0-9]{5}-){4}[A-Z0-9]{5}$/, 'a key such as "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"'),
  compact: v.optional(v.boolean('true or false')),
})

/**
 * What is wished, checked, and the rest by default.
 * @throws OsrunError BAD_OPTION naming the field, what was expected and what came
 */
export function planInstall(
  { guest, profile, image }: { guest: WindowsGuest; profile: Profile; image: WindowsImage },
  wished: InstallWishes = {},
): Install {
  const known = Object.hasOwn(windowsGuests, guest) ? windowsGuests[guest] : undefined
  if (known === undefined) {
    throw bad('guest', Object.keys(windowsGuests).join(', '), guest)
  }
  if (!profiles.includes(profile)) {
    throw bad('media.profile', profiles.join(' or '), profile)
  }
  const read = v.safeParse(wishes, wished)
  if (!read.success) {
    const [issue] = read.issues
    const field = v.getDotPath(issue) ?? ''
    const expected = issue.type === 'strict_object' ? `one of ${Object.keys(wishes.entries).join(', ')}` : issue.message
    // A password is nobody's to read in a log.
    throw bad(`media.${field}`, expected, field === 'password' ? typeof issue.input : issue.input)
  }
  const builtIn = image.language.toLowerCase().startsWith('en') ? 'Administrator' : undefined
  const { user = builtIn ?? 'osrun', password = 'Passw0rd!', locale = image.language } = read.output
  const problem = passwordProblem(password, user, known.family)
  if (problem !== undefined) {
    throw bad('media.password', problem, `a text of ${password.length} characters`)
  }
  return {
    ...{ guest, profile, image, user, password, locale, family: known.family },
    account: user === builtIn ? 'built-in' : 'own',
    computer: read.output.computer ?? known.computer,
    timeZone: read.output.timeZone ?? 'UTC',
    keyboard: read.output.keyboard ?? locale,
    productKey: read.output.productKey,
    compact: read.output.compact ?? false,
  }
}

function bad(field: string, expected: string, came: unknown): OsrunError {
  return new OsrunError(
    'BAD_OPTION',
    `Expected \`${field}\` to be ${expected}, got ${JSON.stringify(came)?.slice(0, 100)}.`,
  )
}
