import { basename } from 'node:path'
import spawn from 'cross-spawn'
import { describe, expect, test } from 'vitest'
import which from 'which'

const isWindows = process.platform === 'win32'
const shell = isWindows ? 'cmd' : 'sh'

describe('which', () => {
  test("finds the system's shell by the name that it has without an extension", async () => {
    const path = await which(shell)
    expect(basename(path).toLowerCase()).toBe(isWindows ? 'cmd.exe' : 'sh')
  })

  test('says what it did not find', async () => {
    await expect(which('no-such-program')).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await which('no-such-program', { nothrow: true })).toBeNull()
  })
})

describe('cross-spawn', () => {
  test('gives each argument to the program as it is', () => {
    const words = ['two words', 'a "quote"', 'C:\\ends with\\', '%PATH%', 'a&b', '']
    const program = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))'
    const { stdout, status } = spawn.sync(process.execPath, ['-e', program, '--', ...words], { encoding: 'utf8' })
    expect(JSON.parse(stdout)).toEqual(words)
    expect(status).toBe(0)
  })

  test('fails where there is no such program', () => {
    const { error, status } = spawn.sync('no-such-program', ['x'])
    expect(error ?? status).not.toBe(0)
  })
})
