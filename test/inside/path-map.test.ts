import { expect, test } from 'vitest'
import { PathMap } from '../../src/inside/path-map.ts'

const map = new PathMap('C:\\inside\\my.lib', '/home/me/my.lib')

test.each([
  ['C:\\inside\\my.lib\\src\\a.ts:3:4', '/home/me/my.lib/src/a.ts:3:4'],
  ['at f (C:/inside/my.lib/src/a.ts:3:4)', 'at f (/home/me/my.lib/src/a.ts:3:4)'],
  ['at file:///C:/inside/my.lib/a.test.js:1:2', 'at file:///home/me/my.lib/a.test.js:1:2'],
  ['{"file":"C:\\\\inside\\\\my.lib\\\\a.js","b":"c\\\\d"}', '{"file":"/home/me/my.lib/a.js","b":"c\\\\d"}'],
  [' RUN  v5.1.1 c:/inside/my.lib\n', ' RUN  v5.1.1 /home/me/my.lib\n'],
  ['/@fs/C:/inside/my.lib/x.ts', '/@fs/home/me/my.lib/x.ts'],
  ['C:\\inside\\my.lib\\routes\\[id]\\(group)\\a.ts', '/home/me/my.lib/routes/[id]/(group)/a.ts'],
  ['"C:\\inside\\my.lib", C:\\inside\\my.lib.', '"/home/me/my.lib", /home/me/my.lib.'],
])('%j is %j on this computer', (guest, host) => {
  expect(map.toHost(guest)).toBe(host)
})

test.each(['C:\\inside\\my.library\\a', 'C:\\inside\\my_lib\\a', 'C:\\other\\my.lib', 'D:\\inside\\my.lib'])(
  '%j is no path of the project',
  (text) => {
    expect(map.toHost(text)).toBe(text)
  },
)

test('a path is translated wherever the text is cut', () => {
  const text = 'one C:\\inside\\my.lib\\src\\a.ts:3:4 two (file:///C:/inside/my.lib/b.ts) C: C\n'
  for (let cut = 0; cut <= text.length; cut++) {
    const stream = map.stream()
    expect(stream.take(text.slice(0, cut)) + stream.take(text.slice(cut)) + stream.end()).toBe(map.toHost(text))
  }
})

test('text without a path is not held back', () => {
  expect(map.stream().take('✓ passes (3 ms) C:\\Windows done')).toBe('✓ passes (3 ms) C:\\Windows done')
})

test.each([
  ['src/a.test.ts', 'src/a.test.ts'],
  ['/home/me/my.lib/src/a.test.ts', 'C:\\inside\\my.lib\\src\\a.test.ts'],
  ['--config=/home/me/my.lib/v.config.ts', '--config=C:\\inside\\my.lib\\v.config.ts'],
  ['/home/me/my.lib', 'C:\\inside\\my.lib'],
  ['--reporter=junit', '--reporter=junit'],
  ['-t', '-t'],
])('the argument %s is %s in the guest', (host, guest) => {
  expect(map.argumentToGuest(host)).toBe(guest)
})

test('an argument that names a file outside of the project is refused', () => {
  expect(() => map.argumentToGuest('--outputFile=/tmp/out.xml')).toThrow('got --outputFile=/tmp/out.xml')
})
