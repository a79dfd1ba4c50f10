// #region first
import { expect, test } from 'vitest-environment-osrun/test'

test('lists the drive', async ({ win }) => {
  const { stdout } = await win.run('dir C:\\')
  expect(stdout).toContain('Directory of C:')
})
// #endregion

test('stdout and stderr are two things', async ({ win }) => {
  const result = await win.run(['cmd', '/c', 'echo to stdout& echo to stderr 1>&2'])
  expect(result.stdout).toBe('to stdout')
  expect(result.stderr.trim()).toBe('to stderr')
})

test('a failed command rejects with all that is known about it', async ({ win }) => {
  const error = await win.run('type C:\\missing.txt').catch((reason) => reason)
  expect(error.message).toContain('Command failed with exit code 1: type C:\\missing.txt')
  expect(error.exitCode).toBe(1)
  expect(error.stderr).toContain('missing.txt')
})

test('a command that may fail returns its result', async ({ win }) => {
  const { exitCode, failed } = await win.run('exit 7', { reject: false })
  expect({ exitCode, failed }).toEqual({ exitCode: 7, failed: true })
})
