import type { Win } from 'vitest-environment-osrun'

/** The same machine, with another choice of its user. */
export default async function choosePolite(win: Win): Promise<void> {
  await win.run(['reg', 'add', 'HKCU\\Software\\Greeter', '/v', 'Greeting', '/d', 'Good evening', '/f'])
}
