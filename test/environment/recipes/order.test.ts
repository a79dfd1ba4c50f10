import { expect, test } from 'vitest'
import { orderRecipes } from '../../../environment/recipes/order.ts'

test.each([
  [{}, []],
  [{ a: {}, b: {} }, ['a', 'b']],
  [{ c: { from: 'b' }, b: { from: 'a' }, a: { from: 'provisioned' } }, ['a', 'b', 'c']],
  [{ c: { from: 'a' }, b: { from: 'a' }, a: {} }, ['a', 'c', 'b']],
  // What stands in every object is no recipe.
  [{ a: { from: 'constructor' } }, ['a']],
])('each comes after the one that it starts from: %j', (recipes, ordered) => {
  expect(orderRecipes(recipes, 'the config')).toEqual(ordered)
})

test.each([
  [{ a: { from: 'a' } }, 'a', 'a from a'],
  [{ a: { from: 'b' }, b: { from: 'a' } }, 'b', 'a from b from a'],
  [{ d: { from: 'c' }, c: { from: 'b' }, b: { from: 'a' }, a: { from: 'c' } }, 'a', 'c from b from a from c'],
])('a circle is told with the option that closes it: %j', (recipes, name, circle) => {
  expect(() => orderRecipes(recipes, 'the config')).toThrow(
    expect.objectContaining({
      code: 'BAD_OPTION',
      message:
        `Expected the option \`snapshots.${name}.from\` in the config to lead to a snapshot in the end, got a circle: ` +
        circle,
    }),
  )
})
