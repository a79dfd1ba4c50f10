/** What the agent tells of a process, a window and its parts, as one line each. */
export const tell = {
  process: (process: number, parent: number, image: string, started = 0) =>
    JSON.stringify({ process, parent, image, started }),

  window: (pid: number, more: object = {}) =>
    JSON.stringify({
      ...{ window: 65_594, pid, class: '#32770', title: 'Setup', x: 400, y: 300, width: 220, height: 120 },
      ...{ enabled: true, focused: true, modal: true, ...more },
    }),

  part: (part: 'text' | 'edit' | 'button' | 'progress', text: string, enabled = true) =>
    JSON.stringify({ part, text, enabled }),
}

/** A message box of a program that cmd has started, whose process is 101. */
export const messageBox = [
  tell.process(101, 50, 'cmd.exe'),
  tell.process(120, 101, 'setup.exe'),
  tell.window(120),
  tell.part('text', 'The file is in use.\r\nTry again?'),
  tell.part('button', '&Yes'),
  tell.part('button', '&No'),
].join('\n')
