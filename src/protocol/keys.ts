/** Keys of a keyboard by the names that QEMU has for them: those that a USB keyboard of ours can send. */
const keyNames = [
  ...['shift', 'shift_r', 'ctrl', 'ctrl_r', 'alt', 'alt_r', 'meta_l', 'meta_r', 'compose'],
  ...['esc', 'tab', 'ret', 'spc', 'backspace', 'caps_lock', 'num_lock', 'scroll_lock', 'print', 'pause'],
  ...['insert', 'delete', 'home', 'end', 'pgup', 'pgdn', 'up', 'down', 'left', 'right'],
  ...['f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7', 'f8', 'f9', 'f10', 'f11', 'f12'],
  ...['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  ...['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm'],
  ...['n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z'],
  ...['minus', 'equal', 'bracket_left', 'bracket_right', 'semicolon', 'apostrophe', 'grave_accent', 'backslash'],
  ...['comma', 'dot', 'slash', 'less'],
  ...['kp_0', 'kp_1', 'kp_2', 'kp_3', 'kp_4', 'kp_5', 'kp_6', 'kp_7', 'kp_8', 'kp_9', 'kp_decimal'],
  ...['kp_divide', 'kp_multiply', 'kp_subtract', 'kp_add', 'kp_enter'],
] as const

const known: ReadonlySet<string> = new Set(keyNames)

/** True for the name of a key that a machine's keyboard has. */
export function isKeyName(value: string): boolean {
  return known.has(value)
}
