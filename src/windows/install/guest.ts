/** Guests of Windows that can be installed. */
export const windowsGuests = {
  win11: { title: 'Windows 11', family: 'client', computer: 'WIN11' },
  win10: { title: 'Windows 10', family: 'client', computer: 'WIN10' },
  server2022: { title: 'Windows Server 2022', family: 'server', computer: 'SERVER2022' },
  server2025: { title: 'Windows Server 2025', family: 'server', computer: 'SERVER2025' },
} as const satisfies Record<string, { title: string; family: 'client' | 'server'; computer: string }>

export type WindowsGuest = keyof typeof windowsGuests
export type Family = (typeof windowsGuests)[WindowsGuest]['family']

/** `slim`: no Defender, no updates, no indexing. `stock`: as its maker ships it. */
export const profiles = ['slim', 'stock'] as const
export type Profile = (typeof profiles)[number]
