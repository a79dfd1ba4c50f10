import { readFile, writeFile } from 'node:fs/promises'
import type { Results } from './results.ts'
import { asMarkdown, goalsGrid, rowsGrid } from './table.ts'

const page = new URL('../docs/performance.md', import.meta.url)

/** Puts the figures into docs/performance.md. */
export async function writeDocumentation(results: Results): Promise<void> {
  await writeFile(page, fillIn(await readFile(page, 'utf8'), results))
}

/**
 * A document with what was measured between its marks `<!-- bench NAME -->` and `<!-- bench end -->`. NAME is a
 * measurement's, or `host`, or `budget` for what was promised. Of a name without results the text stays.
 */
export function fillIn(document: string, results: Results): string {
  return document.replace(/(<!-- bench (\S+) -->\n)[\s\S]*?(<!-- bench end -->)/g, (whole, begin, name, end) => {
    const text = textOf(name, results)
    return text === undefined ? whole : `${begin}\n${text}\n\n${end}`
  })
}

function textOf(name: string, { host, measured }: Results): string | undefined {
  if (name === 'host') {
    const { cpu, cores, memoryMiB, kernel, arch, qemu, accelerator } = host
    return (
      `${cpu}, ${cores} cores, ${(memoryMiB / 1024).toFixed(0)} GiB, Linux ${kernel} (${arch}), QEMU ${qemu}, ` +
      `accelerator ${accelerator}.`
    )
  }
  if (name === 'budget') {
    return asMarkdown(goalsGrid(Object.values(measured).flatMap(({ goals }) => goals)))
  }
  const found = measured[name]
  return (
    found &&
    [
      ...found.tables.map((table) => asMarkdown(rowsGrid(table))),
      `Measured on ${found.date.slice(0, 10)}, \`--rounds ${found.rounds}\`.`,
    ].join('\n\n')
  )
}
