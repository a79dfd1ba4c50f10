import { join } from 'node:path'
import { execa } from 'execa'
import * as v from 'valibot'
import { baseName } from '../machines/disk.ts'
import type { Manifest } from './manifest.ts'
import { readQcow2Header } from './qcow2-header.ts'

/**
 * What is wrong with the way the disk layers in `folder` lean on one another, a line for each. Each must name the next
 * one of the manifest and no other file: QEMU opens whatever a layer names.
 */
export async function chainProblems(folder: string, { overlay, layers }: Manifest): Promise<string[]> {
  const names = [overlay, ...layers].map(({ name }) => name)
  const problems = await Promise.all(
    names.map((name, index) => linkProblem(join(folder, name), name, names[index + 1] ?? baseName)),
  )
  return problems.filter((problem) => problem !== undefined)
}

async function linkProblem(path: string, name: string, next: string): Promise<string | undefined> {
  const header = await readQcow2Header(path)
  if (header === undefined) {
    return `${name} is no qcow2 file`
  }
  if (header.externalData) {
    return `${name} keeps its data in another file`
  }
  const { backing, backingFormat } = header
  if (backing === undefined && next === baseName) {
    return undefined
  }
  if (backing !== next) {
    return `${name} needs ${backing === undefined ? 'no file' : JSON.stringify(backing)} below it, and the manifest has ${next}`
  }
  return backingFormat === 'qcow2' ? undefined : `${name} does not say that the file below it is qcow2`
}

const checked = v.object({ 'check-errors': v.number(), corruptions: v.optional(v.number(), 0) })

/** What `qemu-img check` finds in one layer, or undefined. Space that is lost in it (a leak) does no harm. */
export async function imageProblem(qemuImg: string, path: string, name: string): Promise<string | undefined> {
  // By itself: the layers below it are looked at on their own, and the guest's own disk is no part of a snapshot.
  const image = { driver: 'qcow2', backing: null, file: { driver: 'file', filename: path } }
  const { stdout, stderr, shortMessage, exitCode } = await execa(
    qemuImg,
    ['check', '--output=json', `json:${JSON.stringify(image)}`],
    { reject: false, stdin: 'ignore' },
  )
  const result = exitCode === undefined ? undefined : parse(stdout)
  if (result === undefined) {
    return `qemu-img cannot check ${name}: ${stderr || shortMessage}`
  }
  const errors = result.corruptions + result['check-errors']
  return errors === 0 ? undefined : `qemu-img finds ${errors} errors in ${name}`
}

function parse(text: string): v.InferOutput<typeof checked> | undefined {
  try {
    const parsed = v.safeParse(checked, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
