import { expect, test } from 'vitest'
import { contentKey, recipeKey } from '../../../environment/recipes/key.ts'

const ingredients = {
  modules: [
    { path: 'git.setup.ts', digest: 'a' },
    { path: '../lib/text.ts', digest: 'b' },
  ],
  inputs: [{ path: '../package.json', digest: 'c' }],
  parent: 'snapshot 0123',
}
const key = recipeKey(ingredients)
const [first, second] = ingredients.modules

test('a key is 16 hexadecimal digits, the same for the same content in any order', () => {
  expect(key).toMatch(/^[0-9a-f]{16}$/)
  expect(recipeKey({ ...ingredients, modules: ingredients.modules.toReversed() })).toBe(key)
  expect(contentKey(key, [])).toMatch(/^[0-9a-f]{16}$/)
})

test.each([
  ['a module', { modules: [first, { path: '../lib/text.ts', digest: 'x' }] }],
  ['a module’s path', { modules: [first, { path: '../lib/other.ts', digest: 'b' }] }],
  ['which modules there are', { modules: [first] }],
  ['an input', { inputs: [{ path: '../package.json', digest: 'x' }] }],
  ['what is a module and what is an input', { modules: [first], inputs: [second, ...ingredients.inputs] }],
  ['the parent', { parent: 'snapshot 4567' }],
])('it changes with %s', (_, change) => {
  expect(recipeKey({ ...ingredients, ...change } as typeof ingredients)).not.toBe(key)
})

test('what was uploaded is part of the content, not of the key', () => {
  const one = contentKey(key, [{ path: 'payload', digest: 'a' }])
  expect(contentKey(key, [{ path: 'payload', digest: 'b' }])).not.toBe(one)
  expect(contentKey(key, [{ path: 'other', digest: 'a' }])).not.toBe(one)
  expect(one).not.toBe(contentKey(key, []))
})
