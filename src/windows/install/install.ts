import * as v from 'valibot'
import { isSecretOption } from '../../protocol/check-options.ts'
import { OsrunError } from '../../protocol/errors.ts'
import { type WindowsWishes, windowsWishEntries } from '../../protocol/windows-wishes.ts'
import { sameName } from '../edition.ts'
import type { WindowsImage } from '../medium.ts'
import {
  type Family,
  isWindowsGuest,
  type Profile,
  profiles,
  type WindowsGuest,
  windowsGuestNames,
  windowsGuests,
} from '../windows-guests.ts'
import { passwordProblem } from './password.ts'

type Decided<T> = { readonly [Name in keyof T]-?: NonNullable<T[Name]> }

/** All that the scripts of one installation are rendered from. */
export interface Install extends DecidedWishes {
  readonly profile: Profile
  readonly image: WindowsImage
}

/** What is wished, and what is by default. */
export interface DecidedWishes extends Decided<Omit<WindowsWishes, 'productKey'>> {
  readonly guest: WindowsGuest
  readonly family: Family
  /** `built-in`: the account that every Windows has; `own`: one that the answer file makes. */
  readonly account: 'built-in' | 'own'
  readonly productKey: string | undefined
}

const wishes = v.strictObject(windowsWishEntries)

/**
 * What is wished, checked, and the rest by default.
 * @throws OsrunError BAD_OPTION naming the field, what was expected and what came
 */
export function planInstall(
  { guest, profile, image }: { guest: WindowsGuest; profile: Profile; image: WindowsImage },
  wished: WindowsWishes = {},
): Install {
  if (!profiles.includes(profile)) {
    throw bad('media.profile', profiles.join(' or '), profile)
  }
  return { profile, image, ...decideWishes(guest, image.language, wished) }
}

/**
 * The same before there is an image: nobody should wait for a download to hear that Windows takes no such name.
 * @param language of the image
 */
export function decideWishes(guest: string, language: string, wished: WindowsWishes): DecidedWishes {
  if (!isWindowsGuest(guest)) {
    throw bad('guest', windowsGuestNames.join(', '), guest)
  }
  const read = v.safeParse(wishes, wished)
  if (!read.success) {
    const [issue] = read.issues
    const field = v.getDotPath(issue) ?? ''
    const expected = issue.type === 'strict_object' ? `one of ${Object.keys(wishes.entries).join(', ')}` : issue.message
    throw bad(`media.${field}`, expected, isSecretOption(field) ? typeof issue.input : issue.input)
  }
  const { family, computer: usual } = windowsGuests[guest]
  const builtIn = language.toLowerCase().startsWith('en') ? 'Administrator' : undefined
  const { password = 'Passw0rd!', locale = language, computer = usual, timeZone = 'UTC' } = read.output
  const { user: given = builtIn ?? 'osrun', keyboard = locale, productKey, compact = false } = read.output
  const isBuiltIn = given.toLowerCase() === builtIn?.toLowerCase()
  const user = isBuiltIn ? 'Administrator' : given
  if (sameName(user, computer)) {
    throw bad('media.user', `another name than the computer's, ${computer}`, user)
  }
  const problem = passwordProblem(password, user, family)
  if (problem !== undefined) {
    throw bad('media.password', problem, `a text of ${password.length} characters`)
  }
  const account = isBuiltIn ? 'built-in' : 'own'
  return { guest, family, account, user, password, computer, timeZone, locale, keyboard, productKey, compact }
}

function bad(field: string, expected: string, came: unknown): OsrunError {
  return new OsrunError(
    'BAD_OPTION',
    `Expected \`${field}\` to be ${expected}, got ${JSON.stringify(came)?.slice(0, 100)}.`,
  )
}
