/** Bytes: the medium, what is built of it, the layers of the disk, and the compressed disk. */
export const installRoom = 30 * 2 ** 30

/** MiB of the machine that installs Windows, at least: with less it swaps while it sets itself up. */
export const installMemoryMiB = 4096
