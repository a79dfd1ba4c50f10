// The bytes of guest.S. After a change there, make them again in this folder with
//   as --32 -o guest.o guest.S && ld -m elf_i386 -Ttext=0x10000 -o guest.elf guest.o &&
//   objcopy -O binary -j .text guest.elf guest.bin && base64 -w 100 guest.bin; rm -f guest.o guest.elf guest.bin

/** The guest as a firmware for QEMU's `-bios`: 64 KiB, whose last 512 bytes are the program. */
export function probeFirmware(): Buffer {
  const firmware = Buffer.alloc(firmwareSize)
  firmware.set(guestImage, firmwareSize - guestImage.length)
  return firmware
}

/** What the guest is about to do when it writes a letter to the debug console, in this order. */
export const probeSteps = new Map([
  ['R', 'the first instructions in real mode'],
  ['P', 'the switch to protected mode'],
  ['L', 'the switch to long mode with paging'],
  ['C', '`lock cmpxchg16b` in ring 0'],
  ['O', '`xsetbv` in ring 0'],
  ['S', '`xsave` in ring 0'],
  ['X', '`xrstor` in ring 0'],
  ['V', 'a VEX instruction (`vpxor`) in ring 0'],
  ['D', 'the exit'],
])

const firmwareSize = 64 * 1024

export const guestImage = Buffer.from(
  `
sFLm6fr8uADwjti4ABCOwL4A/jH/uYAAZvOljthmDwEWaAGwUObpDyDADAEPIsBm6jcAAQAIAGa4EACO2I7AjtDHBQAQAAADIAAA
xwUAIAAAAzAAAMcFADAAAIMAAACwTObpuCAGAAAPIuC4ABAAAA8i2LmAAADADzINAAEAAA8wuDMAAYAPIsDqkAABABgAuAEAAAAP
oonOD7rmDXMpsEPm6b8AUAAAMcAx0rsBAAAAuQIAAADwSA/HDw+FgAAAAEiDfwgCdXkPuuYac2sPIOANAAAEAA8i4LBP5um4AwAA
AA+65hxzA4PIBInDMckx0g8B0bBT5um/AEAAAGZID27HidgPriewWObpZg/vwInYD64vZkgPfsBIOcd1Iw+65hxzFbBW5unF+e/A
xfh3ZkgPfsBIhcB1CLBE5umwEOsCsBHm9PTr/QAAAAAAAAAA//8AAACazwD//wAAAJLPAP//AAAAmq8AHwBIAQEAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAOkN/gAAAAAAAAAAAAAAAAA=
`,
  'base64',
)
