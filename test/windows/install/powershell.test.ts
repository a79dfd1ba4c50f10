import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { Language, type Node, Parser } from 'web-tree-sitter'
import { encode } from '../../../src/windows/install/files.ts'
import { readScripts } from '../../../src/windows/install/init-folder.ts'
import { installSteps } from '../../../src/windows/install/steps.ts'

await Parser.init()
const grammar = fileURLToPath(import.meta.resolve('tree-sitter-powershell/tree-sitter-powershell.wasm'))
const parser = new Parser().setLanguage(await Language.load(grammar))
const scripts = [...(await readScripts())].filter(([name]) => name.endsWith('.ps1'))

/** Lines that are no PowerShell. An empty node that the grammar misses is a fault of the grammar. */
function errorsOf(text: string): number[] {
  const found: number[] = []
  const visit = (node: Node | null) => {
    if (node?.isError) {
      found.push(node.startPosition.row + 1)
    }
    for (const child of node?.children ?? []) {
      visit(child)
    }
  }
  visit(parser.parse(text)?.rootNode ?? null)
  return found
}

function namesOf(text: string, type: string): string[] {
  const found: string[] = []
  const visit = (node: Node | null) => {
    if (node?.type === type) {
      found.push(node.text)
    }
    for (const child of node?.children ?? []) {
      visit(child)
    }
  }
  visit(parser.parse(text)?.rootNode ?? null)
  return found
}

describe.each(scripts)('%s', (name, text) => {
  test('is PowerShell, with line ends of Windows and ASCII only', () => {
    expect(errorsOf(text)).toEqual([])
    expect(Buffer.from(encode(name, text)).toString('latin1')).toMatch(/^(?:[\x20-\x7e]*\r\n)+$/)
  })

  test('uses nothing that PowerShell 5.1 lacks, nothing that is gone, and no network', () => {
    expect(text).not.toMatch(/\?\?|\?\.|&& |\|\| | \? .* : |ForEach-Object -Parallel|ConvertFrom-Json -AsHashtable/)
    expect(namesOf(text, 'command_name').map((word) => word.toLowerCase())).not.toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /wmic|invoke-webrequest|invoke-restmethod|curl|wget|start-bitstransfer|read-host|pause|certutil/,
        ),
      ]),
    )
  })

  test('starts no program of Windows but through what looks at its exit code', () => {
    const programs = namesOf(text, 'command_name').filter((word) => /\.exe$/i.test(word))
    expect(programs).toEqual([])
    expect(text.match(/^ *& .*/gm)?.filter((line) => !line.includes('shutdown.exe')) ?? []).toEqual([])
  })
})

test('the check sees what is no PowerShell', () => {
  const [, text = ''] = scripts[0] ?? []
  expect(errorsOf(text.replace("Invoke-Step 'power' 'Step-Power'", "Invoke-Step ('power' { "))).not.toEqual([])
})

test.each([
  ['boot-0.ps1', 'specialize'],
  ['boot-1.ps1', 'logon'],
] as const)('%s has a function for each of its steps, and calls each once', (name, stage) => {
  const text = new Map(scripts).get(name) ?? ''
  const defined = namesOf(text, 'function_name')
  const called = [...text.matchAll(/^Invoke-Step '([a-z0-9-]+)' '(Step-\w+)'/gm)]
  expect(called.map(([, , each]) => each)).toEqual(defined)
  expect(called.map(([, step]) => step).concat('finish')).toEqual(
    installSteps.filter((each) => each.stage === stage).map((each) => each.step),
  )
})
