import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** What a file should be, as whoever offers it says. */
export interface Digest {
  readonly algorithm: 'sha1' | 'sha256'
  /** Lower case. */
  readonly hex: string
}

/** A digest that a server or a user wrote, or undefined where it is none. */
export function readDigest(algorithm: Digest['algorithm'], text: string | undefined): Digest | undefined {
  const hex = text?.trim().toLowerCase() ?? ''
  const length = algorithm === 'sha1' ? 40 : 64
  return hex.length === length && /^[0-9a-f]+$/.test(hex) ? { algorithm, hex } : undefined
}

/** Both digests of a file, read once. */
export async function digestFile(
  path: string,
  { signal, onBytes }: { signal?: AbortSignal | undefined; onBytes?: (more: number) => void } = {},
): Promise<{ sha1: string; sha256: string; bytes: number }> {
  const [sha1, sha256] = [createHash('sha1'), createHash('sha256')]
  let bytes = 0
  for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20, ...(signal && { signal }) })) {
    sha1.update(piece)
    sha256.update(piece)
    bytes += piece.length
    onBytes?.(piece.length)
  }
  return { sha1: sha1.digest('hex'), sha256: sha256.digest('hex'), bytes }
}
