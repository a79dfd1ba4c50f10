import { existsSync } from 'node:fs'

/** True in a container of our own image, whose QEMU is the image's. */
export function isImage(): boolean {
  return process.env['OSRUN_IN_IMAGE'] === '1'
}

/** True where this process runs in a container of Docker's or Podman's. */
export function isContainer(): boolean {
  return existsSync('/.dockerenv') || existsSync('/run/.containerenv')
}
