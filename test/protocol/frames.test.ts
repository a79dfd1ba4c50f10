import { describe, expect, test } from 'vitest'
import {
  decodeJson,
  decodeWindow,
  encodeFrame,
  encodeJsonFrame,
  encodeWindow,
  type Frame,
  FrameDecoder,
  FrameError,
  frameType,
  maxPayload,
} from '../../src/protocol/frames.ts'

const text = (value: string) => new TextEncoder().encode(value)

describe('encoding', () => {
  test('a frame is type, flags, reserved, stream and length in little endian, then the payload', () => {
    expect([...encodeFrame(frameType.dataOut, 0x01020304, text('hey'))]).toEqual([
      ...[0x11, 0, 0, 0, 0x04, 0x03, 0x02, 0x01, 3, 0, 0, 0, 0x68, 0x65, 0x79],
    ])
  })

  test('a control frame carries its JSON in UTF-8', () => {
    const frame = encodeJsonFrame(frameType.exec, 7, { commandLine: 'ж' })
    expect(Buffer.from(frame.subarray(12)).toString()).toBe('{"commandLine":"ж"}')
    expect(frame[8]).toBe(frame.length - 12)
  })

  test('a window frame is a channel and an amount', () => {
    expect([...encodeWindow(9, 2, 0x00010203).subarray(12)]).toEqual([2, 0x03, 0x02, 0x01, 0x00])
  })

  test('a payload beyond the limit is refused', () => {
    expect(() => encodeFrame(frameType.dataIn, 1, new Uint8Array(maxPayload + 1))).toThrow(FrameError)
    expect(encodeFrame(frameType.dataIn, 1, new Uint8Array(maxPayload))).toHaveLength(12 + maxPayload)
  })
})

describe('decoding', () => {
  const frames: Frame[] = [
    { type: frameType.started, stream: 1, payload: text('{"pid":4}') },
    { type: frameType.eofOut, stream: 1, payload: new Uint8Array(0) },
    { type: frameType.dataErr, stream: 0xffff_ffff, payload: text('x'.repeat(30)) },
    { type: 0xee, stream: 0, payload: text('unknown kinds pass') },
  ]
  const bytes = Buffer.concat(frames.map(({ type, stream, payload }) => encodeFrame(type, stream, payload)))
  const plain = (list: Frame[]) => list.map((frame) => ({ ...frame, payload: [...frame.payload] }))

  test('frames come back from bytes that arrive one at a time', () => {
    const decoder = new FrameDecoder()
    const found = [...bytes].flatMap((byte) => decoder.push(Uint8Array.of(byte)))
    expect(plain(found)).toEqual(plain(frames))
    expect(decoder.pending).toBe(0)
  })

  test('frames come back from every split of the bytes in three', () => {
    for (let first = 0; first <= bytes.length; first += 1) {
      for (let second = first; second <= bytes.length; second += 1) {
        const decoder = new FrameDecoder()
        const pieces = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]
        const found = pieces.flatMap((piece) => decoder.push(piece))
        if (JSON.stringify(plain(found)) !== JSON.stringify(plain(frames))) {
          expect.fail(`split at ${first} and ${second}`)
        }
      }
    }
  })

  test('a frame of the greatest length passes', () => {
    const [frame] = new FrameDecoder().push(encodeFrame(frameType.dataOut, 3, new Uint8Array(maxPayload).fill(7)))
    expect(frame?.payload).toHaveLength(maxPayload)
  })

  test('what is held of an unfinished frame is told', () => {
    const decoder = new FrameDecoder()
    decoder.push(bytes.subarray(0, 15))
    expect(decoder.pending).toBe(15)
  })

  test.for<[string, number, number]>([
    ['flags', 1, 1],
    ['the first reserved byte', 2, 1],
    ['the second reserved byte', 3, 0x80],
    ['a length of 256 KiB and more', 10, 5],
    ['a length of 4 GiB', 11, 0xff],
  ])('a header with %s is a protocol error', ([_, place, value]) => {
    const broken = encodeFrame(frameType.dataOut, 1, text('abc'))
    broken[place] = value
    for (const split of [0, 1, 11, 12]) {
      const decoder = new FrameDecoder()
      expect(() => {
        decoder.push(broken.subarray(0, split))
        decoder.push(broken.subarray(split))
      }).toThrow(FrameError)
    }
  })

  test('after an illegal header nothing is read any more', () => {
    const decoder = new FrameDecoder()
    expect(() => decoder.push(Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))).toThrow(FrameError)
    expect(() => decoder.push(bytes)).toThrow(FrameError)
  })
})

describe('control payloads', () => {
  test.for(['', '[]', 'null', '3', '{"a":', '"text"'])('%j is no JSON object', (payload) => {
    expect(() => decodeJson(text(payload))).toThrow(FrameError)
  })

  test('bytes that are no UTF-8 are refused', () => {
    expect(() => decodeJson(Uint8Array.of(0x7b, 0xff, 0x7d))).toThrow(FrameError)
  })

  test('a window reads back', () => {
    expect(decodeWindow(encodeWindow(1, 1, 0xffff_fff0).subarray(12))).toEqual({ channel: 1, add: 0xffff_fff0 })
  })

  test.for([[], [0, 1, 2, 3], [3, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]])('%j is no window', (payload) => {
    expect(() => decodeWindow(Uint8Array.from(payload))).toThrow(FrameError)
  })
})
