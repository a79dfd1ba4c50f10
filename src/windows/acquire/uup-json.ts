import * as v from 'valibot'
import { readDigest } from './file-digest.ts'
import type { UupFile } from './uup-files.ts'

// PHP writes a list with gaps as an object, and a map that is empty as a list.
function list<T extends v.GenericSchema>(item: T) {
  return v.union([
    v.array(item),
    v.pipe(
      v.record(v.string(), item),
      v.transform((entries) => Object.values(entries) as v.InferOutput<T>[]),
    ),
  ])
}
function map<T extends v.GenericSchema>(value: T) {
  return v.union([
    v.pipe(
      v.array(v.unknown()),
      v.maxLength(0),
      v.transform((): Record<string, v.InferOutput<T>> => ({})),
    ),
    v.record(v.string(), value),
  ])
}
const text = v.fallback(v.string(), '')
const number = v.fallback(
  v.optional(v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.transform(Number))])),
  undefined,
)

const build = v.object({
  uuid: v.pipe(v.string(), v.regex(/^[0-9a-f-]{36}$/i)),
  title: text,
  arch: text,
  created: number,
})
export type Build = v.InferOutput<typeof build>

/** What each call of the API answers, without the envelope. */
export const answers = {
  listid: v.object({ builds: list(build) }),
  listlangs: v.object({ langList: list(v.string()), updateInfo: v.fallback(v.object({ ring: text }), { ring: '' }) }),
  listeditions: v.object({ editionList: list(v.string()) }),
  get: v.object({ files: map(v.object({ sha1: text, size: number, url: text })) }),
} as const
export type Call = keyof typeof answers

const envelope = v.object({ response: v.looseObject({ error: v.optional(v.string()) }) })

/**
 * Reads what the API answered, whatever the status was: errors come with any.
 * @returns undefined where it is not an answer of this API
 */
export function parseUup<C extends Call>(
  call: C,
  body: string,
): { answer: v.InferOutput<(typeof answers)[C]> } | { error: string } | undefined {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return undefined
  }
  const outer = v.safeParse(envelope, json)
  if (!outer.success) {
    return undefined
  }
  const { response } = outer.output
  if (response.error !== undefined) {
    return { error: response.error.slice(0, 100) }
  }
  const inner = v.safeParse(answers[call], response)
  return inner.success ? { answer: inner.output as v.InferOutput<(typeof answers)[C]> } : undefined
}

/** The files of an answer. */
export function filesOf({ files }: v.InferOutput<typeof answers.get>): UupFile[] {
  return Object.entries(files).map(([name, { sha1, size, url }]) => ({
    name,
    url,
    digest: readDigest('sha1', sha1),
    bytes: size,
  }))
}
