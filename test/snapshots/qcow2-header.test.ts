import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseQcow2Header } from '../../src/snapshots/qcow2-header.ts'

test('any bytes after the magic of a disk layer are a header, none, or one that ends too early', () => {
  const start = Buffer.from('514649fb00000003', 'hex')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      try {
        parseQcow2Header(Buffer.concat([start, bytes]))
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
      }
    }),
  )
})
