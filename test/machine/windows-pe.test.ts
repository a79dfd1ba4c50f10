import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OsrunServer, startServer, type Win } from '../../src/client/index.ts'
import { installSteps } from '../../src/windows/install/steps.ts'
import { parseReport } from '../../src/windows/report.ts'
import { files, key, type PeRun, putPe, runPe } from './windows-pe/with-pe.ts'

// pe.cmd, run by a cmd that is not Microsoft's, with programs that stand in for Windows PE's own.
let server: OsrunServer
let win: Win

beforeAll(async () => {
  server = await startServer()
  win = await server.acquire({ label: 'test/machine/windows-pe.test.ts' })
  await putPe(win)
})

afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})

const steps = installSteps.filter(({ stage }) => stage === 'pe').map(({ step }) => step)

describe('where all goes well', () => {
  let ran: PeRun

  beforeAll(async () => {
    ran = await runPe(win)
  })

  test('each step is done once, in its order, and the machine powers off', () => {
    const { exitCode, log, calls, port } = ran
    // The first is said before there is a log.
    expect(log).toEqual(steps.flatMap((step) => [`${step} begin`, `${step} done`]).slice(1))
    expect(exitCode).toBe(0)
    expect(parseReport(port)).toEqual({ stage: 'pe', step: 'finish', state: 'done' })
    expect(calls.filter((line) => !/^(?:ping|reg query|reg import)/.test(line))).toEqual([
      'drvload C:\\medium\\osrun\\drivers\\viostor\\w11\\viostor.inf',
      'wpeutil UpdateBootInfo',
      'diskpart /s C:\\pe\\list.txt',
      'diskpart /s C:\\pe\\disk.txt',
      'dism /Apply-Image /ImageFile:C:\\medium\\sources\\install.wim /Index:6 /ApplyDir:C:\\target\\ ' +
        '/LogPath:C:\\target\\osrun\\dism.log /LogLevel:2',
      'bcdboot C:\\target\\Windows /s C:\\target /f BIOS',
      'reg load HKLM\\osrun-system C:\\target\\Windows\\System32\\config\\SYSTEM',
      'reg load HKLM\\osrun-software C:\\target\\Windows\\System32\\config\\SOFTWARE',
      'reg load HKLM\\osrun-user C:\\target\\Users\\Default\\NTUSER.DAT',
      'reg unload HKLM\\osrun-system',
      'reg unload HKLM\\osrun-software',
      'reg unload HKLM\\osrun-user',
      'dism /Image:C:\\target\\ /Add-Driver /Driver:C:\\medium\\osrun\\drivers /Recurse ' +
        '/ScratchDir:C:\\target\\osrun\\scratch /LogPath:C:\\target\\osrun\\dism.log /LogLevel:2',
      'wpeutil shutdown',
    ])
  })

  test('every registry file of the medium is imported', () => {
    const imported = ran.calls.filter((line) => line.startsWith('reg import')).map((line) => line.split('\\').at(-1))
    const there = files.flatMap(({ path }) => /^osrun\/registry\/(.*)/.exec(path)?.[1] ?? [])
    expect(imported.sort()).toEqual(there.sort())
  })

  test('the disk has the scripts, the agent, own steps and the answer file, byte for byte', async () => {
    const copied = files.filter(({ path }) => /^osrun\/(?:init|own)\/|unattend/.test(path))
    for (const file of copied) {
      const name = file.path.replace('osrun/init/', 'osrun/').replaceAll('/', '\\')
      const place = name === 'osrun\\unattend.xml' ? 'Windows\\Panther\\unattend.xml' : name
      const content = 'content' in file ? file.content : await readFile(file.source)
      expect(Buffer.compare(await win.readFile(`C:\\target\\${place}`), content), place).toBe(0)
    }
    expect((await win.readFile('C:\\target\\osrun\\pe.done', 'utf8')).trim()).toBe(key)
    expect(await win.exists('C:\\target\\osrun\\pe.log')).toBe(true)
    expect(await win.exists('C:\\target\\osrun\\failed.txt')).toBe(false)
    expect(await win.exists('C:\\target\\Windows\\System32\\Recovery\\winre.wim')).toBe(false)
  })
})

test('UEFI, an image in parts, and a driver that Windows PE does not take', async () => {
  const world = { STAND_IN_FIRMWARE: '0x2', STAND_IN_FAIL: 'drvload', STAND_IN_CODE: '5' }
  const { exitCode, log, calls } = await runPe(win, world, 'install.swm')
  expect([exitCode, log.at(-1)]).toEqual([0, 'finish done'])
  expect(calls).toContain('bcdboot C:\\target\\Windows /s C:\\efi /f UEFI')
  const script = await win.readFile('C:\\pe\\disk.txt', 'utf8')
  expect(script.split(/\r?\n/)).toEqual(expect.arrayContaining(['select disk 0', 'convert gpt', 'assign letter=S']))
  expect(calls.find((line) => line.startsWith('dism /Apply'))).toContain(
    '/ImageFile:C:\\medium\\sources\\install.swm /SWMFile:C:\\medium\\sources\\install*.swm /Index:6',
  )
  expect(await win.readFile('C:\\pe\\pe.log', 'utf8')).toContain('drvload viostor.inf ended with exit code 5')
})

describe('fails loudly at', () => {
  test.each([
    ['disk', 'diskpart /s C:\\pe\\list.txt', 'diskpart: list disk ended with exit code 1'],
    ['disk', 'diskpart /s C:\\pe\\disk.txt', 'diskpart: disk-bios.txt ended with exit code 1'],
    ['apply', 'dism /Apply-Image', 'dism /Apply-Image ended with exit code -1073741819'],
    ['boot', 'bcdboot', 'bcdboot ended with exit code 1'],
    ['registry', 'reg load HKLM\\osrun-software', 'reg load SOFTWARE ended with exit code 1'],
    ['registry', 'reg import', 'reg import refused'],
    ['registry', 'reg unload HKLM\\osrun-user', 'reg unload refused user'],
    ['drivers', 'dism /Image', 'dism /Add-Driver ended with exit code 1'],
  ])('step %s, where %s fails', async (step, line, why) => {
    const { exitCode, log, calls, port } = await runPe(win, {
      STAND_IN_FAIL: line,
      // That of a crash is below 0.
      STAND_IN_CODE: why.includes('-1073741819') ? '-1073741819' : '1',
    })
    expect(exitCode).toBe(1)
    expect(log.filter((each) => / (?:failed|begin)/.test(each)).slice(-2)).toEqual([
      `${step} begin`,
      expect.stringContaining(`${step} failed ${why}`),
    ])
    expect(log).not.toContain('finish done')
    expect(calls.filter((each) => !each.startsWith('ping')).at(-1)).toBe('wpeutil shutdown')
    // The log goes to the port after the report.
    expect(port).toContain(`${step} failed ${why}`)
    if (step !== 'disk') {
      expect(await win.readFile('C:\\target\\osrun\\failed.txt', 'utf8')).toContain(`pe ${step} ${why}`)
    }
  })

  test('another maker than QEMU, before anything is touched', async () => {
    const { log, calls } = await runPe(win, { STAND_IN_MAKER: 'Dell Inc.' })
    expect(log.at(-1)).toBe(
      'machine failed expected a machine of QEMU, this one is made by Dell Inc.: its disk was not touched',
    )
    expect(calls.filter((line) => line.startsWith('diskpart'))).toEqual([])
  })

  test('two disks', async () => {
    const { log, calls } = await runPe(win, { STAND_IN_DISKS: '2' })
    expect(log.at(-1)).toBe('disk failed expected one disk, there are 2')
    expect(calls).not.toContain('diskpart /s C:\\pe\\disk.txt')
  })

  test('no medium, and no image', async () => {
    const none = await runPe(win, { drives: 'Q:' })
    expect(none.log.at(-1)).toBe('medium failed no drive has \\osrun\\settings.cmd')
    const other = await runPe(win, {}, 'boot.wim')
    expect(other.log.at(-1)).toBe('medium failed no drive has \\sources\\install.wim, .esd or .swm')
  })

  test('a drive that is not there after all', async () => {
    // diskpart makes it elsewhere than the batch looks.
    const { log } = await runPe(win, { target: 'C:\\no\\such' })
    expect(log.at(-1)).toBe('disk failed diskpart has left no drive C:\\no\\such')
  })
})
