import { readDigest } from './file-digest.ts'
import type { UupFile } from './uup-files.ts'

/**
 * Reads a list of downloads as aria2 takes it: an address a line, its options below it with blanks before. Comments are
 * passed over.
 * @returns the files, or the code of the error that a server writes in place of a list
 */
export function parseAria2(text: string): { files: UupFile[] } | { error: string } {
  const error = /^#UUPDUMP_ERROR:\s*([A-Z0-9_]+)/m.exec(text)?.[1]
  if (error !== undefined) {
    return { error }
  }
  const files: { url: string; options: Map<string, string> }[] = []
  for (const line of text.split(/\r?\n/)) {
    const option = /^\s+([a-z0-9-]+)=(.*)$/i.exec(line)
    if (option !== null) {
      files.at(-1)?.options.set(option[1]?.toLowerCase() ?? '', option[2]?.trim() ?? '')
    } else if (/^https?:\/\//i.test(line)) {
      // Further addresses of the same file stand behind a tab.
      files.push({ url: line.split('\t')[0]?.trim() ?? '', options: new Map() })
    }
  }
  return {
    files: files.map(({ url, options }) => {
      const digest = /^sha-?1=(.*)$/i.exec(options.get('checksum') ?? '')?.[1]
      return { name: options.get('out') ?? '', url, digest: readDigest('sha1', digest), bytes: undefined }
    }),
  }
}
