import type { Answer } from './web.ts'

/** What of an answer tells whether a later one is of the same file, for `If-Range`; undefined where nothing does. */
export function validatorOf(headers: Answer['headers']): string | undefined {
  const etag = one(headers['etag'])
  // A weak one is of the same meaning, not of the same bytes.
  return etag !== undefined && /^"[^"]*"$/.test(etag) ? etag : one(headers['last-modified'])
}

/** Bytes that an answer announces; undefined where it does not. */
export function lengthOf(headers: Answer['headers']): number | undefined {
  return wholeNumber(one(headers['content-length']))
}

/** The part that an answer with status 206 or 416 is about; undefined where it makes no sense. */
export function rangeOf(headers: Answer['headers']): { start?: number; end?: number; total?: number } | undefined {
  const parts = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(one(headers['content-range']) ?? '')
  if (parts === null) {
    return undefined
  }
  const [start, end, total] = parts.slice(1).map(wholeNumber)
  if (start !== undefined && end !== undefined && (end < start || (total !== undefined && end >= total))) {
    return undefined
  }
  return {
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
    ...(total !== undefined && { total }),
  }
}

/** How long a server asks to be left alone, in milliseconds, at most `most`. */
export function retryAfter(headers: Answer['headers'], most: number, now = Date.now()): number | undefined {
  const text = one(headers['retry-after']) ?? ''
  const seconds = wholeNumber(text)
  const at = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : Number.NaN
  const wait = seconds === undefined ? at - now : seconds * 1000
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), most)
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}

function wholeNumber(text: string | undefined): number | undefined {
  const value = /^\d+$/.test(text ?? '') ? Number(text) : undefined
  return Number.isSafeInteger(value) ? value : undefined
}
