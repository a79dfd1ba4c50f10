/** The Windows that can be installed, by the name of the guest: all that differs between them. */
export const windowsGuests = {
  win11: { title: 'Windows 11', family: 'client', computer: 'WIN11', edition: 'Professional' },
  win10: { title: 'Windows 10', family: 'client', computer: 'WIN10', edition: 'Professional' },
  server2022: { title: 'Windows Server 2022', family: 'server', computer: 'SERVER2022', edition: 'ServerStandard' },
  server2025: { title: 'Windows Server 2025', family: 'server', computer: 'SERVER2025', edition: 'ServerStandard' },
} as const satisfies Record<string, WindowsOfItsKind>

interface WindowsOfItsKind {
  /** What a person calls it. */
  readonly title: string
  readonly family: 'client' | 'server'
  /** The computer's name where nobody wishes another. */
  readonly computer: string
  /** EDITIONID of what is installed where nobody chooses another. */
  readonly edition: string
}

export type WindowsGuest = keyof typeof windowsGuests
export type Family = (typeof windowsGuests)[WindowsGuest]['family']

/** Names of the guests that are Windows. */
export const windowsGuestNames = Object.keys(windowsGuests) as readonly WindowsGuest[]

/** Whether a guest of that name is Windows. */
export function isWindowsGuest(name: string): name is WindowsGuest {
  return Object.hasOwn(windowsGuests, name)
}

/** `slim`: no Defender, no updates, no indexing. `stock`: as its maker ships it. */
export const profiles = ['slim', 'stock'] as const
export type Profile = (typeof profiles)[number]
