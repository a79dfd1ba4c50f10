import type { WindowsWishes } from '../../../src/protocol/windows-wishes.ts'
import { planInstall } from '../../../src/windows/install/install.ts'
import type { WindowsImage } from '../../../src/windows/medium.ts'
import { type WindowsGuest, windowsGuestNames } from '../../../src/windows/windows-guests.ts'

export const image: WindowsImage = {
  edition: 'Professional',
  language: 'en-US',
  architecture: 'x64',
  index: 6,
  name: 'Windows 11 Pro',
  build: '26100.1742',
}

export const guests = windowsGuestNames

/** An installation, with what is said about it. */
export function sample(
  what: { guest?: WindowsGuest; profile?: 'slim' | 'stock'; image?: Partial<WindowsImage> } = {},
  wishes: WindowsWishes = {},
) {
  return planInstall(
    { guest: what.guest ?? 'win11', profile: what.profile ?? 'slim', image: { ...image, ...what.image } },
    wishes,
  )
}

/** Installations that together use everything that an answer file may have. */
export const samples = [
  ...guests.flatMap((guest) => [sample({ guest }), sample({ guest, profile: 'stock' })]),
  sample({ image: { architecture: 'arm64', language: 'de-DE' } }, { password: '' }),
  sample({}, { user: 'A Tester', password: 'a "quoted" <päss> & 字', productKey: 'AAAAA-BBBBB-CCCCC-DDDDD-EEEEE' }),
]
