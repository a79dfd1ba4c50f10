import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { describe, expect, test } from 'vitest'
import type { Peer } from '../../client/peer.ts'
import { createProject, type Project } from '../project.ts'
import { config, start, startRoom } from '../stand-in-room.ts'

/** A screen of 4 by 4 pixels, the first ones of these shades of grey. */
function screen(...greys: number[]) {
  const picture = new PNG({ width: 4, height: 4 })
  for (let pixel = 0; pixel < 16; pixel += 1) {
    const grey = greys[pixel] ?? 0
    picture.data.set([grey, grey, grey, 255], pixel * 4)
  }
  return { png: PNG.sync.write(picture).toString('base64'), width: 4, height: 4 }
}

const shot = `
  import { expect, test } from 'vitest-environment-osrun/test'
  test('looks right', async ({ win }) => {
    await expect(win).toMatchScreen('desktop', OPTIONS)
  })
`
const withOptions = (options: string) => ({ 'vitest.config.ts': config, 'a.test.ts': shot.replace('OPTIONS', options) })
const reference = '__screenshots__/a.test.ts/desktop-wine.png'

async function run(project: Project, peer: Peer, ...flags: string[]) {
  const vitest = start(project, peer, ...flags)
  return { exitCode: await vitest.ended, output: vitest.output() }
}

// Several runs of Vitest in each.
describe('toMatchScreen', { timeout: 180_000 }, () => {
  test('writes a reference where there is none, tells what differs, and writes anew with --update', async () => {
    await using peer = await startRoom({ screenshot: () => screen(255, 0, 255) })
    await using project = await createProject({
      'vitest.config.ts': config,
      'a.test.ts': `
        import { expect, test } from 'vitest-environment-osrun/test'
        test('new', async ({ win }) => { await expect(win).toMatchScreen('new', { timeout: 600, interval: 10 }) })
        test('other', async ({ win }) => { await expect(win).toMatchScreen('other', { timeout: 600, interval: 10 }) })
      `,
      '__screenshots__/a.test.ts/other-wine.png': '',
    })
    const pathOf = (name: string) => `__screenshots__/a.test.ts/${name}-wine.png`
    const read = (path: string) => readFile(join(project.folder, path), 'base64')
    await writeFile(join(project.folder, pathOf('other')), Buffer.from(screen().png, 'base64'))
    const shown = screen(255, 0, 255).png

    const onCi = await run(project, peer)
    expect(onCi.output).toContain('2 failed')
    expect(onCi.output).toContain(`there is no reference ${pathOf('new')} to compare the screen with`)
    await expect(read(pathOf('new'))).rejects.toThrow('ENOENT')
    const folders = '.vitest/attachments/osrun/a.test.ts'
    const test = (await readdir(join(project.folder, folders))).find((name) => name.startsWith('other')) ?? ''
    expect(onCi.output).toContain(
      `expected the screen to match ${pathOf('other')}: 2 pixels differ\n\nreference: ${pathOf('other')}\n` +
        `actual: ${folders}/${test}/other-actual.png\ndiff: ${folders}/${test}/other-diff.png\n`,
    )
    expect(onCi.output).toContain('❯ a.test.ts:4:')
    expect((await readdir(join(project.folder, folders, test))).sort()).toEqual([
      ...['other-actual.png', 'other-diff.png', 'report.txt', 'screen.png'],
    ])
    expect(await read(`${folders}/${test}/other-actual.png`)).toBe(shown)

    const first = await run(project, peer, '--update=new', '--testNamePattern=new')
    expect(first.exitCode).toBe(1)
    expect(first.output).toContain(`there was no reference ${pathOf('new')}, so the screen was written there`)
    expect(await read(pathOf('new'))).toBe(shown)

    expect(await run(project, peer, '--update')).toMatchObject({ exitCode: 0 })
    expect(await read(pathOf('other'))).toBe(shown)
  })

  test('does not look below a mask, nor at pixels that may differ', async () => {
    await using peer = await startRoom({ screenshot: () => screen(255, 255) })
    const mask = '{ masks: [{ x: 0, y: 0, width: 1, height: 1 }], allowedMismatchedPixels: 1 }'
    await using project = await createProject({ ...withOptions(mask), [reference]: '' })
    await writeFile(join(project.folder, reference), Buffer.from(screen().png, 'base64'))
    expect(await run(project, peer)).toMatchObject({ exitCode: 0 })
  })

  test('waits until the screen is as expected, and tells one that never rests', async () => {
    let looks = 0
    const moving = () => {
      looks += 1
      return looks % 2 === 0 ? screen() : screen(255)
    }
    await using peer = await startRoom({ screenshot: moving })
    await using project = await createProject({ ...withOptions('{ timeout: 500, interval: 10 }'), [reference]: '' })
    await writeFile(join(project.folder, reference), Buffer.from(screen().png, 'base64'))
    expect(await run(project, peer)).toMatchObject({ exitCode: 0 })
    await writeFile(join(project.folder, reference), Buffer.from(screen(0, 255).png, 'base64'))
    const { exitCode, output } = await run(project, peer)
    expect(exitCode).toBe(1)
    expect(output).toMatch(/expected the screen to come to rest: it still changed after \d+ ms/)
  })

  test('takes a screenshot as it is; what it cannot take is told', async () => {
    await using peer = await startRoom({ screenshot: () => screen() })
    await using project = await createProject({
      'vitest.config.ts': config,
      'a.test.ts': `
        import { expect, test } from 'vitest-environment-osrun/test'
        test('as it is', async ({ win }) => { await expect(await win.screenshot()).toMatchScreen('desktop') })
        test('a bad name', async ({ win }) => { await expect(win).toMatchScreen('../x') })
        test('a bad option', async ({ win }) => { await expect(win).toMatchScreen('x', { threshold: 2 }) })
        test('no screen', async () => { await expect(5).toMatchScreen('x') })
      `,
      [reference]: '',
    })
    await writeFile(join(project.folder, reference), Buffer.from(screen().png, 'base64'))
    const { output } = await run(project, peer)
    expect(output).toContain('3 failed | 1 passed')
    expect(output).toContain('Expected `name` to be a name of 1 to 64 lower case letters')
    expect(output).toContain(
      'Expected the option `threshold` in the options of `toMatchScreen` to be from 0 to 1, got 2',
    )
    expect(output).toContain('`toMatchScreen` expects the machine or a screenshot: `expect(win)`, got number')
  })
})
