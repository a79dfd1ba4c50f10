import { styleText } from 'node:util'
import { verify as verifySnapshot } from '../../snapshots/verify.ts'
import { interruptible, type Output } from './output.ts'
import { type Selected, type Selection, selectAll, selectNamed } from './select.ts'
import { type CacheOptions, ThisHost } from './this-host.ts'

/** Options of `osrun snapshots verify`. */
export interface VerifyOptions extends CacheOptions, Selection, Output {
  /** Record the digests of what is whole. */
  readonly seal?: boolean
}

/**
 * Looks whether snapshots are whole, all of them where no name is given.
 * @returns the exit code: 1 where damage was found
 */
export async function verify(names: readonly string[], options: VerifyOptions): Promise<number> {
  const { json, stdout = process.stdout } = options
  const selected = names.length === 0 ? await selectAll(options) : await selectNamed(names, options)
  const host = await ThisHost.look(options)
  const results: Result[] = []
  await interruptible(async (signal) => {
    for (const each of selected) {
      const result = await look(each, host, options, signal)
      if (result !== undefined) {
        results.push(result)
        stdout.write(json ? '' : format(result, options))
      }
    }
  })
  if (json) {
    stdout.write(`${JSON.stringify(results, undefined, 2)}\n`)
  }
  return results.some(({ damage }) => damage.length > 0) ? 1 : 0
}

type Result = NonNullable<Awaited<ReturnType<typeof look>>>

async function look({ from, name }: Selected, host: ThisHost, { seal = false }: VerifyOptions, signal: AbortSignal) {
  const verdict = await verifySnapshot(from, name, { qemuImg: host.qemuImg, seal, signal })
  if (verdict === undefined) {
    return undefined
  }
  const { fits, reasons } = await host.fitOf(from)
  return { guest: from.guest, key: from.key, name, ...verdict, fits: fits ?? null, reasons }
}

function format({ guest, key, name, damage, unchecked, fits, reasons }: Result, output: Output): string {
  const stream = output.stdout ?? process.stdout
  const mark = damage.length > 0 ? styleText('red', 'damaged', { stream }) : styleText('green', 'whole  ', { stream })
  const lines = [
    `${mark}  ${guest}/${name} (key ${key})`,
    ...damage.map((line) => `         ${line}`),
    ...(damage.length > 0 ? [`         → osrun snapshots remove ${name} --guest ${guest} --key ${key}`] : []),
    ...unchecked.map((line) => `         not looked at: ${line}`),
    ...(fits === false ? reasons.map((line) => `         does not fit this host: ${line}`) : []),
    ...(fits === false ? ['         → use it where it fits, or make it anew here and remove this one'] : []),
    ...(fits === null ? reasons.map((line) => `         whether it fits this host is not known: ${line}`) : []),
  ]
  return `${lines.join('\n')}\n`
}
