/**
 * Stands in for `etfsboot.com`: says a line on the first serial port, and ends QEMU by its device `isa-debug-exit`; where
 * there is none, it powers off by the register that q35 has for that. The BIOS puts it at 7C00.
 */
export function bootSector(text: string): Buffer {
  const code = Buffer.from([
    ...[0x31, 0xc0, 0x8e, 0xd8], //       xor ax,ax; mov ds,ax
    ...[0xbe, 0x20, 0x7c], //             mov si,message
    ...[0xba, 0xf8, 0x03], //             mov dx,3f8
    ...[0xac, 0x84, 0xc0, 0x74, 0x03], // next: lodsb; test al,al; jz end
    ...[0xee, 0xeb, 0xf8], //             out dx,al; jmp next
    ...[0xba, 0xf4, 0x00, 0xee], //       end: mov dx,f4; out dx,al
    ...[0xba, 0x04, 0x06], //             mov dx,604
    ...[0xb8, 0x00, 0x20, 0xef], //       mov ax,2000; out dx,ax
    ...[0xf4, 0xeb, 0xfd], //             hlt; jmp $-1; message:
  ])
  const sector = Buffer.alloc(2048)
  code.copy(sector)
  sector.write(`${text}\r\n\0`, code.length, 'latin1')
  return sector
}
