import { join } from 'node:path'
import { expect, test } from 'vitest'

// A bug that no Linux finds: what `join` gives has other separators in Windows.
function routeOf(...names) {
  return join('/', ...names)
}

test('a route has slashes', () => {
  expect(routeOf('docs', 'start')).toBe('/docs/start')
})
