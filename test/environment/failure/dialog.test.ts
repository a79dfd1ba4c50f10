import { readFile } from 'node:fs/promises'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { picture, runProject } from '../stand-in-room.ts'

const withDialog = Buffer.concat([Buffer.from(picture.png, 'base64'), Buffer.from('and a dialog')])
const dialog = { ...picture, png: withDialog.toString('base64') }
/** Of texts with times and hashes, what is the same in each run. */
const constant = (text: string) => text.replace(/\d+\.\d+ s\b/g, '8.4 s').replace(/-[0-9a-f]{6}\b/g, '-hash')

test('a dialog that nobody answers fails the test, which shows the screen as it was with the dialog', async () => {
  let pictures = 0
  const screenshot = () => {
    pictures += 1
    return pictures === 1 ? dialog : picture
  }
  const { output, evidence } = await runProject(
    {
      'a.test.ts': `
        import { test } from 'vitest-environment-osrun/test'
        test('installs', async ({ win }) => {
          await win.run('ask')
        })
      `,
    },
    { screenshot },
  )
  const said = constant(stripVTControlCharacters(output))
  expect(said).toContain('OsrunError: A dialog of setup.exe waits for an answer, and the command was ended for it')
  expect(said).toContain('The file is in use.\nTry again?\n[Yes] [No]')
  expect(said).toContain('Failure screenshot:\n  - .vitest/attachments/osrun/a.test.ts/installs-hash/screen.png')
  // What the documentation shows is what was printed.
  const page = await readFile('docs/failures.md', 'utf8')
  const [, shown = ''] = /^```text\n([\s\S]*?)^```$/m.exec(page) ?? []
  expect(shown).not.toBe('')
  expect(said).toContain(constant(shown))
  const [report = '', screen = ''] = Object.values(evidence)
  expect(screen).toBe(`${withDialog.length} bytes`)
  expect(constant(report).replace(/:\d{4,5}\//, ':4000/')).toMatchInlineSnapshot(`
    "test      a.test.ts > installs
    outcome   failed
    error     A dialog of setup.exe waits for an answer, and the command was ended for it after 8.4 s: ask

              Setup
              The file is in use.
              Try again?
              [Yes] [No]

              Run the program so that it asks nothing, answer by \`win.keyboard\` while it runs, or wait on with \`dialogs: "ignore"\`.
    machine   guest wine, snapshot provisioned
    viewer    http://127.0.0.1:4000/machines/m1
    screen    screen.png, as it was when the last command was ended
    state     osrun replay 1a2b3c4d
    commands  1

    [8.4 s] > ask
    [ended for a dialog that nobody answered after 8.4 s]
    "
  `)
})

test('the option dialogs has commands wait on', async () => {
  const { output } = await runProject({
    'a.test.ts': `
      // @vitest-environment-options {"dialogs": "ignore"}
      import { test } from 'vitest-environment-osrun/test'
      test('installs', async ({ win }) => {
        await win.run('ask', { timeout: 10_000 })
      })
    `,
  })
  expect(stripVTControlCharacters(output)).toContain('Command timed out after 10000 milliseconds: ask')
})
