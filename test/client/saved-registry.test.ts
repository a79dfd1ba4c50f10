import { expect, test } from 'vitest'
import { parseInventory } from '../../src/client/inventory.ts'
import { readSavedRegistry } from '../../src/client/saved-registry.ts'

const saved = `WINE REGISTRY Version 2
;; All keys relative to \\\\Machine\\\\Software

#arch=win64

[] 1764000000
#time=1dc5d5f5f5f5f5f

[Example\\\\Deep\\\\Leaf] 1764000000
#time=1dc5d5f5f5f5f5f
#class="Shell"
@="the default"
"A \\"name\\""="C:\\\\Program Files\\\\\\xe4\\n"
"Binary"=hex:01,02,\\
  03,ff
"Expands"=str(2):"%PATH%"
"List"=str(7):"one\\0two\\0"
"Nothing"=hex(0):
"Number"=dword:0000001f
"Quad"=hex(b):2a,00,00,00,00,00,00,00
"Without its end"=hex(1):41,00,42,00

[Odd \\[name\\]] 1764000000
#time=1dc5d5f5f5f5f5f
#link
`

test('what Wine saves of its registry reads as what the agent tells of it', () => {
  const entries = [...readSavedRegistry(saved)].map(({ key, name, type, data }) => [key, name, type, data])
  expect(entries).toEqual([
    ['', undefined, 0, ''],
    ['Example', undefined, 0, ''],
    ['Example\\Deep', undefined, 0, ''],
    ['Example\\Deep\\Leaf', undefined, 0, ''],
    ['Example\\Deep\\Leaf', '', 1, 'the default'],
    ['Example\\Deep\\Leaf', 'A "name"', 1, 'C:\\Program Files\\ä\n'],
    ['Example\\Deep\\Leaf', 'Binary', 3, '010203ff'],
    ['Example\\Deep\\Leaf', 'Expands', 2, '%PATH%'],
    ['Example\\Deep\\Leaf', 'List', 7, 'one\ntwo'],
    ['Example\\Deep\\Leaf', 'Nothing', 0, ''],
    ['Example\\Deep\\Leaf', 'Number', 4, '31'],
    ['Example\\Deep\\Leaf', 'Quad', 11, '2a00000000000000'],
    ['Example\\Deep\\Leaf', 'Without its end', 1, 'AB'],
    ['Odd [name]', undefined, 0, ''],
  ])
})

test('of long data size and digest are told', () => {
  const [, entry] = [...readSavedRegistry(`WINE REGISTRY Version 2\n\n[] 1\n"Long"="${'x'.repeat(600)}"\n`)]
  expect(entry?.data).toMatch(/^1202 bytes, digest [0-9a-f]{8}$/)
})

test('an inventory has saved keys between what else it tells', () => {
  const lines = (text: string) => `{"saved":"HKLM\\\\Software","bytes":${text.length}}\n${text}`
  const { files, registry } = parseInventory(
    `{"file":"C:\\\\ä.txt","size":1,"modified":2}\n${lines(saved)}{"key":"HKCU\\\\Environment"}\n{"value":"A","type":1,"data":"b"}\n`,
  )
  expect([...files.keys()]).toEqual(['c:\\ä.txt'])
  expect(registry.get('hklm\\software\\example\\deep')).toMatchObject({ path: 'HKLM\\Software\\Example\\Deep' })
  expect(registry.get('hklm\\software\\example\\deep\\leaf\0number')).toEqual({
    ...{ path: 'HKLM\\Software\\Example\\Deep\\Leaf', name: 'Number', value: 'REG_DWORD 31' },
  })
  expect(registry.get('hkcu\\environment\0a')?.value).toBe('REG_SZ b')
})

test('an odd text is none of it', () => {
  for (const text of ['', 'regf', 'WINE REGISTRY Version 2\n\n[A] 1\n"A"=odd\n']) {
    expect(() => [...readSavedRegistry(text)]).toThrow(expect.objectContaining({ code: 'AGENT_PROTOCOL' }))
  }
})
