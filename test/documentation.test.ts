import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { describe, expect, test } from 'vitest'

// Code in the documentation is part of a file that is tested, and stands below a comment that says which:
// `<!-- from examples/hello/test/commands.test.ts#first -->`, where the file has `// #region first`. What cannot run
// anywhere says so: `<!-- outline: why -->`.
const pages = [
  'README.md',
  ...(await readdir('docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
]
const fence = /^(?<above>.*)\n```(?<language>ts|js|json)\n(?<code>[\s\S]*?)\n```$/gm
const tested = /^(examples|test)\//

interface Block {
  readonly line: number
  readonly above: string
  readonly code: string
}

async function blocksOf(page: string): Promise<Block[]> {
  const text = await readFile(page, 'utf8')
  return [...text.matchAll(fence)].map(({ index, groups }) => ({
    line: text.slice(0, index).split('\n').length + 1,
    above: groups?.['above'] ?? '',
    code: groups?.['code'] ?? '',
  }))
}

/** The file, or the region of that name: without what marks it, and as far to the left as it goes. */
function regionOf(text: string, name: string | undefined): string | undefined {
  const region = name === undefined ? [text, '', text] : regionPattern(name).exec(text)
  if (region === null) {
    return undefined
  }
  const [, indent = '', content = ''] = region
  const lines = content.split('\n').filter((line) => !/^ *\/\/ #(end)?region\b/.test(line))
  return lines
    .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
    .join('\n')
    .trim()
}

function regionPattern(name: string): RegExp {
  return new RegExp(`^( *)// #region ${name}\\n([\\s\\S]*?)^ *// #endregion`, 'm')
}

const read = await Promise.all(pages.map(async (page) => ({ page, blocks: await blocksOf(page) })))

describe.each(read.filter(({ blocks }) => blocks.length > 0))('code in $page', ({ blocks }) => {
  test.each(blocks)('line $line is that of a tested file', async ({ above, code }) => {
    if (/^<!-- outline: .+ -->$/.test(above)) {
      return
    }
    const [, file = '', name] = /^<!-- from ([^#\s]+)(?:#(\S+))? -->$/.exec(above) ?? []
    expect(file, `the line above it names the file: <!-- from … --> or <!-- outline: why -->, not "${above}"`).toMatch(
      tested,
    )
    expect(code).toBe(regionOf(await readFile(file, 'utf8'), name))
  })
})

test('a region is what stands between its marks, moved to the left', () => {
  const text = 'a\n  // #region one\n  b\n    c\n\n  // #endregion\nd\n// #region two\ne\n// #endregion\n'
  expect(regionOf(text, 'one')).toBe('b\n  c')
  expect(regionOf(text, 'two')).toBe('e')
  expect(regionOf(text, 'three')).toBeUndefined()
  expect(regionOf('whole\n', undefined)).toBe('whole')
})

test('links of the documentation lead somewhere', async () => {
  const examples = await readdir('examples', { withFileTypes: true })
  const readmes = examples.filter((each) => each.isDirectory()).map(({ name }) => `examples/${name}/README.md`)
  const dead: string[] = []
  for (const page of [...pages, 'CHANGELOG.md', 'examples/README.md', ...readmes]) {
    const text = await readFile(page, 'utf8')
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      const [path = '', anchor] = target.split('#')
      if (!/^https?:/.test(target) && !(await leadsSomewhere(page, path, anchor))) {
        dead.push(`${page}: ${target}`)
      }
    }
  }
  expect(dead).toEqual([])
})

async function leadsSomewhere(page: string, path: string, anchor: string | undefined): Promise<boolean> {
  const target = path === '' ? page : join(page, '..', path)
  const text = await readFile(target, 'utf8').catch((error) => (error.code === 'EISDIR' ? '' : undefined))
  if (text === undefined || anchor === undefined || extname(target) !== '.md') {
    return text !== undefined
  }
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return headings
    .map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    )
    .includes(anchor)
}
