import { createHash } from 'node:crypto'
import type { MediaOptions } from '../protocol/media-options.ts'
import { wishesOf } from '../protocol/windows-wishes.ts'
import { decideWishes } from './install/install.ts'
import { readFolders } from './media/additions.ts'
import { openVirtioDrivers } from './media/virtio-drivers.ts'

/** As what Windows was installed, by the names of the options: what is nobody's to read, and folders, by a digest. */
export type InstalledWishes = Readonly<Record<string, string>>

/**
 * What a Windows that is installed with these options will be, checked before anything is fetched.
 * @param language of the image: names and formats follow it where nobody says otherwise
 * @throws OsrunError BAD_OPTION naming the field, HOST_FILE_FAILED
 */
export async function noteWishes(guest: string, language: string, media: MediaOptions): Promise<InstalledWishes> {
  const { password, productKey = '', compact, ...decided } = decideWishes(guest, language, wishesOf(media))
  const { user, computer, timeZone, locale, keyboard } = decided
  await using virtio = await openVirtioDrivers(media.virtioDrivers, decided.guest)
  const { digests } = await readFolders({ own: media.ownSteps, drivers: media.drivers, virtio: virtio.files })
  return {
    ...{ user, computer, timeZone, locale, keyboard, compact: String(compact) },
    ...{ password: digest(password), productKey: digest(productKey) },
    ...{ ownSteps: digest(digests.own), drivers: digest(digests.drivers), virtioDrivers: digest(digests.virtio) },
  }
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
}
