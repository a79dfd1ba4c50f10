import type { Win } from 'vitest-environment-osrun'

/** Installs the program under test: its files, and what it keeps in the registry. */
export default async function install(win: Win): Promise<void> {
  await win.upload('greeter', 'C:\\greeter')
  await win.run('reg add HKCU\\Software\\Greeter /v Greeting /d Hello')
}
