import type { Guest } from './definition.ts'

/** The default guest: Debian with Wine. It is not Windows. */
export const wine: Guest = {
  name: 'wine',
  description: 'a small Debian with Wine: runs Win32 programs, is not Windows',
  memoryMiB: 1024,
  cpus: 1,
  machineType: 'pc-q35-10.0',
  cpuModel: 'Westmere',
  screen: { width: 1024, height: 768 },
  kernel: {
    commandLine: [
      'root=/dev/vda rw console=ttyS0 quiet loglevel=4 panic=-1 random.trust_cpu=on printk.devkmsg=on',
      'net.ifnames=0 consoleblank=0 vt.global_cursor_default=0 drm_kms_helper.fbdev_emulation=0 mitigations=off',
    ].join(' '),
    // An emulated clock needs no cross-check, and one that fails on a busy host makes every later clock read slow.
    emulatedFlags: 'tsc=reliable clocksource=tsc no_timer_check',
  },
  clockSetter: 'guest-agent',
  shells: ['cmd'],
  warmUp: [
    'cmd /d /s /c "exit 0"',
    'cmd /d /s /c "dir C:\\ & echo %USERNAME% & set"',
    'cmd /d /s /c "tasklist & hostname & whoami"',
    'cmd /d /s /c "exit 0"',
  ],
  bootDeadline: { accelerated: 60_000, emulated: 300_000 },
}
