import * as v from 'valibot'

/** What a user may say about the installed Windows. */
export interface WindowsWishes {
  /**
   * The account that logs on by itself. Default `Administrator`, the built-in account, where Windows calls it so
   * (English), else `osrun`, an account that is made. 1 to 20 ASCII characters without any of `"/\[]:;|=,+*?<>%@`, no
   * dot at the end, none of Windows' own accounts, another name than the computer's.
   */
  readonly user?: string | undefined
  /**
   * Its password, in clear: Windows keeps it for the automatic logon anyway. At most 127 characters, without control
   * characters; a server's needs 7 of three kinds. Default `Passw0rd!`.
   */
  readonly password?: string | undefined
  /** Name of the computer: at most 15 of A to Z, 0 to 9 and `-`, not only digits. Default: the guest's in capitals. */
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

const userName = 'a name of 1 to 20 ASCII characters without any of "/\\[]:;|=,+*?<>%@, nor a dot or a blank at an end'
const forbidden = /["/\\[\]:;|=,+*?<>%@]/
/** Windows has these already, or makes them for itself. */
const ownAccounts = [
  ...['guest', 'defaultaccount', 'wdagutilityaccount', 'defaultuser0', 'none'],
  ...['system', 'local service', 'network service'],
]

const text = (pattern: RegExp, what: string) => v.optional(v.pipe(v.string(what), v.regex(pattern, what)))

/** The shape of each wish; a message is the end of the sentence "Expected the option to be ...". */
export const windowsWishEntries = {
  user: v.optional(
    v.pipe(
      v.string(userName),
      v.check(
        (name) =>
          name.trim() === name && /^[\x20-\x7e]{1,20}$/.test(name) && !forbidden.test(name) && !name.endsWith('.'),
        userName,
      ),
      v.check(
        (name) => !ownAccounts.includes(name.toLowerCase()),
        'a name that is none of the accounts of Windows itself',
      ),
    ),
  ),
  password: v.optional(
    v.pipe(
      v.string('a text'),
      v.maxLength(127, 'a text of at most 127 characters'),
      // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
      v.regex(/^[^\u0000-\u001f\u007f]*$/, 'a text without control characters'),
    ),
  ),
  computer: text(
    /^(?!\d+$)[A-Z0-9](?:[A-Z0-9-]{0,13}[A-Z0-9])?$/,
    'a name of 1 to 15 capitals, digits and "-", not only digits and without "-" at an end',
  ),
  timeZone: text(/^[A-Za-z0-9 .()+-]{1,64}$/, 'the name of a time zone as Windows has it, e.g. "UTC"'),
  locale: text(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$/, 'a locale such as "de-DE"'),
  keyboard: text(
    /^(?:[0-9a-fA-F]{4}:[0-9a-fA-F]{8}|[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3})$/,
    'a keyboard such as "0409:00000409"',
  ),
  productKey: text(/^(?:[A-Z0-9]{5}-){4}[A-Z0-9]{5}$/, 'a key such as "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"'),
  compact: v.optional(v.boolean('true or false')),
}

/** Of all that was said, what is a wish. */
export function wishesOf(options: WindowsWishes): WindowsWishes {
  const { user, password, computer, timeZone, locale, keyboard, productKey, compact } = options
  return { user, password, computer, timeZone, locale, keyboard, productKey, compact }
}
