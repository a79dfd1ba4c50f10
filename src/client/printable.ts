/** What a guest writes must not steer the terminal that shows it. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: -- control characters are what is looked for
  return text.replace(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(2, '0')
    return `\\x${code}`
  })
}
