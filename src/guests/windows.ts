import { windowsGuestNames, windowsGuests } from '../windows/windows-guests.ts'
import type { Guest } from './definition.ts'

/** Windows that osrun installs from the user's or Microsoft's media. No real Windows was run with this yet. */
function windows(name: string, description: string, memoryMiB: number): Guest {
  return {
    name,
    description,
    memoryMiB,
    cpus: 2,
    machineType: 'pc-q35-10.0',
    // Windows 11 24H2 asks for SSE4.2, POPCNT and PREFETCHW.
    cpuModel: 'Skylake-Client-v4',
    screen: { width: 1280, height: 800 },
    devices: 'inbox',
    enlightened: true,
    clockSetter: 'agent',
    shells: ['cmd', 'powershell'],
    warmUp: [
      'cmd /d /s /c "exit 0"',
      'cmd /d /s /c "dir C:\\ & echo %USERNAME% & set"',
      'cmd /d /s /c "tasklist & hostname & whoami"',
      'powershell -NoProfile -NonInteractive -Command "Get-Process | Out-Null"',
      'cmd /d /s /c "exit 0"',
    ],
    bootDeadline: { accelerated: 600_000, emulated: 7_200_000 },
  }
}

/** The family of real Windows. */
export const realWindows: readonly Guest[] = windowsGuestNames.map((name) =>
  windows(name, windowsGuests[name].title, 4096),
)
