import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../src/client/index.ts'
import { hear } from '../machine/hear.ts'
import { program, putProgram } from '../machine/with-program.ts'
import { imageWithoutGuest, noDocker, ownImage, removeFolder } from './image.ts'

// As a person types them, in a folder of their own. All but the first find the guest that the first has left.
const without = await noDocker()
const run = randomBytes(4).toString('hex')
let image: string
let folder: string

beforeAll(async () => {
  image = await ownImage()
  // Without a space: a person's `$(pwd)` stands there unquoted.
  folder = await mkdtemp(join(tmpdir(), 'osrun-image-'))
})

afterAll(async () => {
  await removeFolder(image, folder)
  await rm(folder, { recursive: true, force: true })
})

/** A line for the shell, with the image's name in place of `osrun`. */
function lineOf(line: string): string {
  return line.replace(/ osrun( |$)/, ` ${image}$1`)
}

function sh(line: string, input?: string) {
  const given = input === undefined ? { stdin: 'ignore' as const } : { input }
  return execa('sh', ['-c', lineOf(line)], { ...given, cwd: folder, reject: false })
}

/** The line in a real terminal, which script(1) makes. */
function inTerminal(line: string) {
  return execa('script', ['-qefc', lineOf(line), '/dev/null'], {
    cwd: folder,
    reject: false,
    buffer: false,
    env: { TERM: 'xterm' },
  })
}

/** Names of the containers of these tests that are there. */
async function containers(): Promise<string> {
  return (await execa('docker', ['ps', '-a', '--filter', `name=osrun-${run}`, '--format', '{{.Names}}'])).stdout
}

describe.skipIf(without !== undefined)(`docker run${without ? ` (skipped: ${without})` : ''}`, () => {
  test('the first line of all works in an empty folder, and says what takes long', { timeout: 600_000 }, async () => {
    const child = inTerminal(`docker run -it --rm -v $(pwd)/cache:/cache osrun 'dir "C:\\Program Files"'`)
    const heard = hear(child.stdout)
    expect(await heard(/Directory of C:\\Program Files/, 480_000)).toMatch(/osrun: guest wine: booting/)
    expect((await child).exitCode).toBe(0)
    expect(await stat(join(folder, 'cache'))).toMatchObject({ uid: 1000 })
    expect(await readdir(join(folder, 'cache', 'runs'))).toEqual([])
  })

  test('the next one says nothing but what the command says, without a terminal byte for byte', async () => {
    const { stdout, stderr, exitCode } = await sh(
      "docker run --rm -v $(pwd)/cache:/cache osrun 'echo out& echo err 1>&2& exit 3'",
    )
    expect({ stdout, stderr: stderr.trim(), exitCode }).toEqual({ stdout: 'out', stderr: 'err', exitCode: 3 })
  })

  test('install finds what is there', async () => {
    const { stdout, exitCode } = await sh('docker run --rm -v $(pwd)/cache:/cache osrun install --json')
    expect({ ...JSON.parse(stdout), exitCode }).toEqual({
      ...{ guest: 'wine', snapshot: 'provisioned', built: false, exitCode: 0 },
    })
  })

  test('with no right at all and nothing but the cache to write to', async () => {
    const flags = '--cap-drop ALL --security-opt no-new-privileges --read-only --user 1000:1000'
    const { stdout, exitCode } = await sh(`docker run --rm ${flags} -v $(pwd)/cache:/cache osrun 'echo %OS%'`)
    expect({ stdout, exitCode }).toEqual({ stdout: 'Windows_NT', exitCode: 0 })
    const asRoot = await sh("docker run --rm --cap-drop ALL -v $(pwd)/cache:/cache osrun 'echo not run'")
    expect(asRoot).toMatchObject({ exitCode: 125, stderr: expect.stringContaining('--user 1000:1000') })
  })

  test('as root without any right, where the cache is root’s', async () => {
    await execa('docker', [
      ...['run', '--rm', '-v', `${folder}:/f`, '--entrypoint', 'sh', image],
      ...['-c', 'cp -a /f/cache /f/roots && chown -R 0:0 /f/roots'],
    ])
    const { stdout, exitCode } = await sh(
      "docker run --rm --cap-drop ALL --read-only -v $(pwd)/roots:/cache osrun 'echo %OS%'",
    )
    expect({ stdout, exitCode }).toEqual({ stdout: 'Windows_NT', exitCode: 0 })
  })

  test('what is piped in and out is stdin and stdout', async () => {
    const line = "docker run -i --rm -v $(pwd)/cache:/cache osrun 'findstr word' > out.txt"
    expect(await sh(line, 'one word\ntwo\nthird word\n')).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await readFile(join(folder, 'out.txt'), 'utf8')).toBe('one word\nthird word\n')
  })

  test('cmd is spoken with', async () => {
    const child = inTerminal('docker run -it --rm -v $(pwd)/cache:/cache osrun cmd')
    const heard = hear(child.stdout)
    const stdin = child.stdin as Writable
    await heard(/C:\\users\\\w+>$/)
    stdin.write('echo %OS%\r')
    await heard(/Windows_NT/)
    stdin.write('exit 7\r')
    expect((await child).exitCode).toBe(7)
  })

  test('a program with a window runs', async () => {
    const command = 'start notepad & ping -n 3 127.0.0.1 >nul & tasklist'
    const { stdout } = await sh(`docker run --rm -v $(pwd)/cache:/cache osrun '${command}'`)
    expect(stdout).toContain('notepad.exe')
  })

  test('a machine that is paused shows its desktop on port 8000 until Ctrl-C', async () => {
    const flags = `-it --rm --name osrun-${run}-paused -v $(pwd)/cache:/cache -p 127.0.0.1::8000`
    const child = inTerminal(`docker run ${flags} osrun -k -v -p 'dir "C:\\Program Files"'`)
    const heard = hear(child.stdout)
    expect(await heard(/paused/)).toMatch(/Directory of C:\\Program Files/)
    const { stdout: address } = await execa('docker', ['port', `osrun-${run}-paused`, '8000'])
    expect((await fetch(`http://${address.replace('0.0.0.0', '127.0.0.1')}/machines/m1`)).status).toBe(200)
    ;(child.stdin as Writable).write('\x03')
    expect((await child).exitCode).toBe(0)
  })

  test('a state that was kept is where a later command begins, and no other', async () => {
    const osrun = (words: string) => sh(`docker run --rm -v $(pwd)/cache:/cache osrun ${words}`)
    expect(await osrun("--new-snapshot greeted 'mkdir C:\\hello'")).toMatchObject({ exitCode: 0, stderr: '' })
    expect((await osrun("--use-snapshot greeted 'dir C:\\'")).stdout).toContain('hello')
    expect((await osrun("'dir C:\\'")).stdout).not.toContain('hello')
    expect((await osrun('snapshots list')).stdout).toMatch(/greeted +provisioned .*fits/)
  })

  test('doctor and snapshots speak of the container', async () => {
    const { stdout, exitCode } = await sh('docker run --rm -v $(pwd)/cache:/cache osrun doctor')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^ok +snapshots +\d+ fit this host \(.*iB\)$/m)
    expect(stdout).toMatch(/^Guests run in this container\.$/m)
    const outside = execa(process.execPath, ['src/cli/main.ts', 'snapshots', '--cache', join(folder, 'cache')])
    expect((await outside).stdout).toMatch(/greeted .*not known: it was made in a container/)
  })

  test('without a command it is a machine room; a port of a machine is one of the container', async () => {
    const token = randomBytes(16).toString('hex')
    const name = `osrun-${run}-room`
    const room = `docker run -d --rm --name ${name} -e OSRUN_TOKEN=${token} -v $(pwd)/cache:/cache -p 127.0.0.1::8000 osrun`
    expect(await sh(room)).toMatchObject({ exitCode: 0 })
    try {
      const { stdout: address } = await execa('docker', ['port', name, '8000'])
      await expect
        .poll(
          () =>
            fetch(`http://${address}/healthz`).then(
              ({ status }) => status,
              () => 0,
            ),
          { timeout: 60_000 },
        )
        .toBe(200)
      const { stdout: health } = await execa('docker', [
        'inspect',
        '--format',
        '{{json .Config.Healthcheck.Test}}',
        name,
      ])
      const [, ...check]: string[] = JSON.parse(health)
      expect(await execa('docker', ['exec', name, ...check])).toMatchObject({ exitCode: 0 })
      await using server = await connect({ url: `ws://${address}`, token })
      await using win = await server.acquire()
      await putProgram(win)
      await win.snapshot('with-program')
    } finally {
      await execa('docker', ['stop', name])
    }
    expect(await containers()).toBe('')

    const named = `osrun-${run}-port`
    const flags = `--rm --name ${named} -v $(pwd)/cache:/cache -p 127.0.0.1::7373`
    const child = sh(`exec docker run ${flags} osrun -s with-program -f 7373 '${program} hear 7373'`)
    await hear(child.stdout)(/listening/)
    const published = (await execa('docker', ['port', named, '7373'])).stdout.split(':')[1]
    const socket = connectTcp({ host: '127.0.0.1', port: Number(published), allowHalfOpen: true })
    socket.end('hello')
    expect(await text(socket)).toBe('hello')
    child.kill('SIGTERM')
    expect(await child).toMatchObject({ exitCode: 143 })
  })

  test('what is exposed is reached through published ports', async () => {
    const name = `osrun-${run}-exposed`
    const flags = `--rm --name ${name} -v $(pwd)/cache:/cache -p 127.0.0.1::5950 -p 127.0.0.1::55556`
    const child = sh(`exec docker run ${flags} osrun --expose 'ping -n 1000 127.0.0.1'`)
    const said = await hear(child.stderr)(/raw dialect.*\n/)
    expect(said).toMatch(/^osrun: WARNING: --expose/m)
    expect(said).toMatch(/raw VNC at port 5950 of the container$/m)
    const reach = async (port: number) => {
      const { stdout } = await execa('docker', ['port', name, String(port)])
      return connectTcp({ host: '127.0.0.1', port: Number(stdout.split(':')[1]) })
    }
    const [screen, monitor] = [await reach(5950), await reach(55_556)]
    await hear(screen)(/^RFB 003\.\d+\n/)
    await hear(monitor)(/QEMU [\d.]+ monitor/)
    screen.destroy()
    monitor.destroy()
    child.kill('SIGTERM')
    expect(await child).toMatchObject({ exitCode: 143 })
  })

  test('the image without a guest says so, and takes one that is mounted', async () => {
    const bare = await imageWithoutGuest()
    const without = await sh(`docker run --rm -v $(pwd)/cache:/cache ${bare} 'ver'`)
    expect(without.exitCode).not.toBe(0)
    expect(without.stderr).toMatch(/\/opt\/osrun\/guests\/wine/)
    // A volume that is empty is filled with what the image has there.
    const guest = `osrun-${run}-guest`
    try {
      await sh(`docker run --rm -v ${guest}:/opt/osrun/guests/wine --entrypoint true osrun`)
      const line = `docker run --rm -v $(pwd)/cache:/cache -v ${guest}:/opt/osrun/guests/wine:ro ${bare} 'echo mounted'`
      const { stdout, stderr } = await sh(line)
      expect({ stdout, stderr }).toEqual({ stdout: 'mounted', stderr: '' })
    } finally {
      await execa('docker', ['volume', 'rm', guest])
    }
  })

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('%s ends it in order, with exit code %i', async (signal, code) => {
    const name = `osrun-${run}-${signal.toLowerCase()}`
    const line = `exec docker run --rm --name ${name} -v $(pwd)/cache:/cache osrun 'echo begun& ping -n 1000 127.0.0.1'`
    const child = sh(line)
    await hear(child.stdout)(/begun/)
    expect(await containers()).toBe(name)
    child.kill(signal)
    expect(await child).toMatchObject({ exitCode: code })
    expect(await containers()).toBe('')
    expect(await readdir(join(folder, 'cache', 'runs'))).toEqual([])
  })
})
