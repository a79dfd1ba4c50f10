import { readFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { checkOptions } from '../protocol/check-options.ts'
import { OsrunError } from '../protocol/errors.ts'
import { type MediaOptions, mediaOptions } from '../protocol/media-options.ts'
import type { Environment } from '../runtime/settings.ts'

/** What `osrun install` hears about the Windows to be installed. */
export interface WindowsFlags {
  readonly iso?: string
  readonly edition?: string
  readonly language?: string
  readonly profile?: string
  readonly firmware?: string
  readonly tpm?: boolean
  readonly sha256?: string
  readonly user?: string
  readonly passwordFile?: string
  readonly computer?: string
  readonly timeZone?: string
  readonly locale?: string
  readonly keyboard?: string
  readonly productKeyFile?: string
  readonly compact?: boolean
  readonly drivers?: string
  readonly virtioDrivers?: string
  readonly ownSteps?: string
}

type Given = { readonly [Name in keyof WindowsFlags]: WindowsFlags[Name] | undefined }

/** What is no process list's to show: from a file, or else from a variable. */
const secrets = {
  password: { flag: '--password-file', variable: 'OSRUN_WINDOWS_PASSWORD' },
  productKey: { flag: '--product-key-file', variable: 'OSRUN_WINDOWS_PRODUCT_KEY' },
} as const

/** Adds the flags that only Windows guests have. */
export function addWindowsFlags(command: Command): Command {
  const { password, productKey } = secrets
  return command
    .option('--iso <medium>', "own ISO, ESD, WIM or UUP folder of Windows, or its address (default: Microsoft's)")
    .option('--edition <id>', 'edition of Windows, e.g. Professional')
    .option('--language <tag>', 'language of Windows, e.g. en-us')
    .addOption(
      new Option('--profile <name>', 'Windows without Defender, updates and indexing, or as it is').choices([
        'slim',
        'stock',
      ]),
    )
    .addOption(new Option('--firmware <name>', 'what starts the machine (default: bios)').choices(['bios', 'uefi']))
    .option('--tpm', 'a TPM 2.0, which the program swtpm emulates')
    .option('--sha256 <digest>', 'digest of the medium; another one is refused')
    .option('--user <name>', 'account that logs on by itself (default: the built-in administrator)')
    .option(`${password.flag} <file>`, `file with its password (default: ${password.variable}, else Passw0rd!)`)
    .option('--computer <name>', "computer's name, at most 15 characters")
    .option('--time-zone <name>', 'time zone as Windows calls it, e.g. "W. Europe Standard Time" (default: UTC)')
    .option('--locale <tag>', "formats of dates and numbers, e.g. de-DE (default: the language's)")
    .option('--keyboard <layout>', "keyboard, e.g. de-DE or 0407:00000407 (default: the locale's)")
    .option(`${productKey.flag} <file>`, `file with a product key (default: ${productKey.variable}, else none)`)
    .option('--compact', "keep Windows' files compressed: less room, slower to read")
    .option('--drivers <folder>', 'drivers that Windows gets before it starts')
    .option(
      '--virtio-drivers <medium>',
      'ISO virtio-win, or a folder with its drivers: the machines have virtio devices',
    )
    .option('--own-steps <folder>', 'scripts *.ps1 of your own, run at the first logon')
}

/**
 * How Windows is to be installed.
 * @throws OsrunError BAD_OPTION naming the option, HOST_FILE_FAILED for a file that cannot be read
 */
export async function readWindowsFlags(
  { passwordFile, productKeyFile, ...flags }: Given,
  environment: Environment,
): Promise<MediaOptions> {
  const password = await readSecret('password', passwordFile, environment)
  const productKey = await readSecret('productKey', productKeyFile, environment)
  const given = { ...flags, password, productKey }
  return checkOptions(mediaOptions, given, 'the options of `osrun install`') as MediaOptions
}

/** Of all that a command was told, what is for Windows alone. */
export function windowsFlagsOf(command: WindowsFlags): Given {
  const { iso, edition, language, profile, firmware, tpm, sha256, user, passwordFile, computer, timeZone } = command
  const { locale, keyboard, productKeyFile, compact, drivers, virtioDrivers, ownSteps } = command
  const flags = { iso, edition, language, profile, firmware, tpm, sha256, user, passwordFile, computer, timeZone }
  return { ...flags, locale, keyboard, productKeyFile, compact, drivers, virtioDrivers, ownSteps }
}

/** The first flag that was given, as it is written. */
export function firstWindowsFlag(flags: Given): string | undefined {
  const [name] = Object.entries(flags).find(([, value]) => value !== undefined) ?? []
  return name && `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

async function readSecret(
  name: keyof typeof secrets,
  file: string | undefined,
  environment: Environment,
): Promise<string | undefined> {
  if (file === undefined) {
    return environment[secrets[name].variable] || undefined
  }
  try {
    // Editors and `echo` end a line, which is no part of what it says.
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '')
  } catch (cause) {
    const { flag } = secrets[name]
    throw new OsrunError('HOST_FILE_FAILED', `The file of ${flag} cannot be read: ${(cause as Error).message}`, {
      cause,
    })
  }
}
