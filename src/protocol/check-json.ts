import * as v from 'valibot'

/** What a text says where it is JSON of that shape, else undefined. */
export function checkJson<T extends v.GenericSchema>(schema: T, text: string): v.InferOutput<T> | undefined {
  try {
    const checked = v.safeParse(schema, JSON.parse(text))
    return checked.success ? checked.output : undefined
  } catch {
    return undefined
  }
}
