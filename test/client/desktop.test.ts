import { expect, test } from 'vitest'
import { descendsFrom, findBlockingDialog, parseDesktop } from '../../src/client/desktop.ts'
import { messageBox, tell } from './desktop-lines.ts'

test('a window is told with its program, and a modal one with what it says and its buttons', () => {
  const lines = [messageBox, tell.part('button', 'Sa&ve && quit', false), tell.part('text', '')]
  const notepad = tell.window(7, { window: 2, class: 'Notepad', title: 'Untitled', modal: false, focused: false })
  expect(parseDesktop([...lines, notepad, ''].join('\n')).windows).toEqual([
    {
      ...{ title: 'Setup', className: '#32770', program: 'setup.exe', pid: 120, handle: 65_594 },
      ...{ x: 400, y: 300, width: 220, height: 120, enabled: true, focused: true, modal: true, showsProgress: false },
      ...{ text: 'The file is in use.\nTry again?', buttons: ['Yes', 'No'] },
    },
    expect.objectContaining({ title: 'Untitled', program: '', modal: false, text: '', buttons: [] }),
  ])
})

test('the mark of a letter in a label is left out, and a real ampersand stays', () => {
  const parts = ['&Retry', 'Save && quit', 'はい(&Y)', 'R&D &&'].map((label) => tell.part('button', label))
  const { windows } = parseDesktop([tell.window(1), ...parts].join('\n'))
  expect(windows[0]?.buttons).toEqual(['Retry', 'Save & quit', 'はい(Y)', 'RD &'])
})

test.for(['no JSON', '[]', '{"process":"1"}', '{"part":"menu","text":"","enabled":true}', '{"window":1}'])(
  'what is no line of the agent is told: %s',
  (line) => {
    expect(() => parseDesktop(`${tell.process(1, 0, 'a.exe')}\n${line}`)).toThrow(
      expect.objectContaining({ code: 'AGENT_PROTOCOL', message: expect.stringContaining(line) }),
    )
  },
)

const family = parseDesktop(
  [
    tell.process(10, 1, 'cmd.exe', 1000),
    tell.process(20, 10, 'setup.exe', 2000),
    tell.process(30, 20, 'helper.exe', 3000),
    // Its parent has ended, and 30 is another process by now.
    tell.process(40, 30, 'explorer.exe', 500),
    tell.process(50, 60, 'a.exe'),
    tell.process(60, 50, 'b.exe'),
  ].join('\n'),
)

test.for<[number, number, boolean]>([
  [10, 10, true],
  [20, 10, true],
  [30, 10, true],
  [10, 20, false],
  [40, 10, false],
  [99, 10, false],
  [50, 10, false],
])('whether process %i descends from %i is %s', ([pid, root, answer]) => {
  expect(descendsFrom(family, pid, root)).toBe(answer)
})

const button = tell.part('button', 'OK')
const process = tell.process(120, 101, 'setup.exe')
const root = tell.process(101, 50, 'cmd.exe')

test.for<[string, boolean, string[]]>([
  ['a message box of its own process', true, [tell.window(101), button]],
  ['a message box of a child', true, [process, tell.window(120), button]],
  [
    'the crash dialog that a child has started',
    true,
    [process, tell.process(130, 120, 'winedbg.exe'), tell.window(130), button],
  ],
  ['a message box of another program', false, [tell.window(7), button]],
  ["a program's own window", false, [tell.window(101, { modal: false })]],
  ['a dialog without a button', false, [tell.window(101), tell.part('text', 'Please wait')]],
  ['a dialog with a button that cannot be pressed', false, [tell.window(101), tell.part('button', 'OK', false)]],
  ['a dialog with a progress bar', false, [tell.window(101), button, tell.part('progress', '')]],
  ['a dialog that waits for another one', false, [tell.window(101, { enabled: false }), button]],
])('%s holds a command up: %s', ([_, answer, lines]) => {
  const desktop = parseDesktop([root, ...lines].join('\n'))
  expect(findBlockingDialog(desktop, 101) !== undefined).toBe(answer)
})
