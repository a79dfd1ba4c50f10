import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeJson,
  decodeWindow,
  encodeFrame,
  FrameDecoder,
  FrameError,
  headerLength,
  maxPayload,
} from '../../src/protocol/frames.ts'

// A failure prints its seed; these are other inputs in each run.
const rounds = { numRuns: 300 }

const frame = fc.record({
  type: fc.nat({ max: 0xff }),
  stream: fc.nat({ max: 0xffff_ffff }),
  payload: fc.uint8Array({ maxLength: 400 }),
})

/** The bytes in pieces of the given lengths, the last one with what is left. */
function pieces(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const cut: Uint8Array[] = []
  let at = 0
  for (const length of lengths) {
    cut.push(bytes.subarray(at, at + length))
    at += length
  }
  return [...cut, bytes.subarray(at)]
}

test('frames come back from their bytes, however these are split', () => {
  const property = fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat({ max: 300 })), (frames, lengths) => {
    const bytes = Buffer.concat(frames.map(({ type, stream, payload }) => encodeFrame(type, stream, payload)))
    const decoder = new FrameDecoder()
    const found = pieces(bytes, lengths).flatMap((piece) => decoder.push(piece))
    expect(found.map(({ payload, ...rest }) => ({ ...rest, payload: [...payload] }))).toEqual(
      frames.map(({ payload, ...rest }) => ({ ...rest, payload: [...payload] })),
    )
    expect(decoder.pending).toBe(0)
  })
  fc.assert(property, rounds)
})

test('bytes of any kind end in frames or in a FrameError, and no more than a frame and a piece is held', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    // Valid frames with one byte changed go further than noise.
    fc
      .tuple(fc.array(frame, { minLength: 1, maxLength: 4 }), fc.nat(), fc.nat({ max: 255 }))
      .map(([frames, at, value]) => {
        const whole = Buffer.concat(frames.map(({ type, stream, payload }) => encodeFrame(type, stream, payload)))
        whole[at % whole.length] = value
        return new Uint8Array(whole)
      }),
  )
  const property = fc.property(bytes, fc.array(fc.nat({ max: 100 })), (noise, lengths) => {
    const decoder = new FrameDecoder()
    for (const piece of pieces(noise, lengths)) {
      try {
        for (const { payload } of decoder.push(piece)) {
          expect(payload.length).toBeLessThanOrEqual(maxPayload)
        }
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError)
        return
      }
      expect(decoder.pending).toBeLessThanOrEqual(headerLength + maxPayload + piece.length)
    }
  })
  fc.assert(property, rounds)
})

test('payloads of any kind are read, or refused with a FrameError', () => {
  const text = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.json().map((json) => new TextEncoder().encode(json)),
  )
  const property = fc.property(text, (payload) => {
    for (const decode of [decodeJson, decodeWindow]) {
      try {
        decode(payload)
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError)
      }
    }
  })
  fc.assert(property, rounds)
})
