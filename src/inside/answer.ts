import * as v from 'valibot'
import type { Win } from '../client/win.ts'
import { withoutUndefined } from '../protocol/check-options.ts'
import { OsrunError } from '../protocol/errors.ts'

const place = { x: v.number(), y: v.number() }
const run = v.strictObject({
  cwd: v.optional(v.string()),
  env: v.optional(v.record(v.string(), v.string())),
  input: v.optional(v.string()),
  timeout: v.optional(v.number()),
  shell: v.optional(v.union([v.picklist(['cmd', 'powershell']), v.literal(false)])),
  reject: v.optional(v.boolean()),
})
const click = v.strictObject({
  button: v.optional(v.picklist(['left', 'right', 'middle'])),
  count: v.optional(v.picklist([1, 2, 3])),
})

/** What a test in the guest may ask for: of its own machine, and nothing of this computer. */
const questions = v.variant('method', [
  v.strictObject({ method: v.literal('screenshot') }),
  v.strictObject({ method: v.literal('run'), command: v.union([v.string(), v.array(v.string())]), options: run }),
  v.strictObject({ method: v.literal('snapshot'), name: v.string(), replace: v.boolean() }),
  v.strictObject({ method: v.literal('type'), text: v.string() }),
  v.strictObject({ method: v.literal('press'), keys: v.string() }),
  v.strictObject({ method: v.literal('move'), ...place }),
  v.strictObject({ method: v.literal('click'), ...place, options: click }),
])

/** What a test in the guest is answered. */
export interface Answer {
  /** `value`, or `error` with the fields of the error that was thrown. */
  readonly header: Readonly<Record<string, unknown>>
  readonly body?: Uint8Array
}

/** The part of a machine that tests within it may use. */
export type Machine = Pick<Win, 'screenshot' | 'run' | 'snapshot' | 'keyboard' | 'mouse'>

/** Does with a machine what a test that runs in it asks for. Never throws: the test is told. */
export async function answerFor(win: Machine, question: unknown): Promise<Answer> {
  try {
    const checked = v.safeParse(questions, question)
    if (!checked.success) {
      const [issue] = checked.issues
      const field = v.getDotPath(issue) ?? 'the question'
      throw new OsrunError('BAD_OPTION', `${field}: ${issue.message}`)
    }
    return await perform(win, checked.output)
  } catch (error) {
    return { header: { error: fieldsOf(error) } }
  }
}

async function perform(win: Machine, asked: v.InferOutput<typeof questions>): Promise<Answer> {
  switch (asked.method) {
    case 'screenshot': {
      const { png, width, height } = await win.screenshot()
      return { header: { value: { width, height } }, body: png }
    }
    case 'run':
      return { header: { value: await win.run(asked.command, withoutUndefined(asked.options)) } }
    case 'snapshot':
      return { header: { value: await win.snapshot(asked.name, { replace: asked.replace }) } }
    case 'type':
      await win.keyboard.type(asked.text)
      break
    case 'press':
      await win.keyboard.press(asked.keys)
      break
    case 'move':
      await win.mouse.move(asked.x, asked.y)
      break
    case 'click':
      await win.mouse.click(asked.x, asked.y, withoutUndefined(asked.options))
      break
  }
  return { header: { value: null } }
}

function fieldsOf(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: String(error) }
  }
  const { stack: _stack, cause: _cause, ...fields } = Object.fromEntries(Object.entries(error))
  return { ...fields, name: error.name, message: error.message }
}
