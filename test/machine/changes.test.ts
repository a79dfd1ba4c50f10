import { expect, test } from 'vitest'
import { hasWine } from './guest.ts'
import { withMachine } from './with-machine.ts'

const given = withMachine('test/machine/changes.test.ts')

const nothing = { added: [], changed: [], removed: [] }

const entries = `Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\\Software\\Example]
"Path"="C:\\\\Program Files\\\\Example"
"Runs"=dword:00000001

[HKEY_CURRENT_USER\\Environment]
"EXAMPLE"="yes"

[HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\ExampleApp]
"DisplayName"="Example App"
"DisplayVersion"="1.2.3"
`

test('what an installer does is told in whole, and nothing else', async ({ skip }) => {
  const { win } = given
  skip(!(await hasWine(win)), 'Windows protects its own programs, and works on by itself')
  await win.restore('provisioned')
  const folder = 'C:\\Program Files\\Example'
  await win.writeFile(`${folder}\\example.exe`, 'program')
  await win.writeFile(`${folder}\\setup.log`, 'log')
  await win.writeFile(`${folder}\\entries.reg`, entries)
  await win.run(['reg', 'import', `${folder}\\entries.reg`])
  await win.run(`sc create ExampleService binPath= "${folder}\\example.exe"`)
  await win.remove(`${folder}\\entries.reg`)
  await win.writeFile('C:\\windows\\system.ini', '; edited')
  await win.writeFile('C:\\windows\\win.ini', await win.readFile('C:\\windows\\win.ini'))
  await win.remove('C:\\windows\\regedit.exe')
  expect(await win.changes({ ignore: [/\.log$/] })).toMatchInlineSnapshot(`
    {
      "files": {
        "added": [
          "C:\\Program Files\\Example\\",
          "C:\\Program Files\\Example\\example.exe",
        ],
        "changed": [
          "C:\\windows\\system.ini",
        ],
        "removed": [
          "C:\\windows\\regedit.exe",
        ],
      },
      "programs": {
        "added": [
          "Example App 1.2.3",
        ],
        "changed": [],
        "removed": [],
      },
      "registry": {
        "added": [
          "HKCU\\Environment: EXAMPLE = REG_SZ yes",
          "HKLM\\Software\\Example",
          "HKLM\\Software\\Example: Path = REG_SZ C:\\Program Files\\Example",
          "HKLM\\Software\\Example: Runs = REG_DWORD 1",
          "HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\ExampleApp",
          "HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\ExampleApp: DisplayName = REG_SZ Example App",
          "HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\ExampleApp: DisplayVersion = REG_SZ 1.2.3",
          "HKLM\\System\\CurrentControlSet\\Services\\ExampleService",
          "HKLM\\System\\CurrentControlSet\\Services\\ExampleService: ErrorControl = REG_DWORD 1",
          "HKLM\\System\\CurrentControlSet\\Services\\ExampleService: ImagePath = REG_SZ C:\\Program Files\\Example\\example.exe",
          "HKLM\\System\\CurrentControlSet\\Services\\ExampleService: ObjectName = REG_SZ LocalSystem",
          "HKLM\\System\\CurrentControlSet\\Services\\ExampleService: PreshutdownTimeout = REG_DWORD 180000",
          "HKLM\\System\\CurrentControlSet\\Services\\ExampleService: Start = REG_DWORD 3",
          "HKLM\\System\\CurrentControlSet\\Services\\ExampleService: Type = REG_DWORD 16",
        ],
        "changed": [],
        "removed": [],
      },
      "services": {
        "added": [
          "ExampleService",
        ],
        "changed": [],
        "removed": [],
      },
    }
  `)
})

test('what an installer does is told, whatever else a Windows does meanwhile', async ({ skip }) => {
  const { win } = given
  skip(await hasWine(win), 'the test above asks for more')
  await win.restore('provisioned')
  await win.writeFile('C:\\Program Files\\Example\\example.exe', 'program')
  await win.writeFile('C:\\entries.reg', entries)
  await win.run(['reg', 'import', 'C:\\entries.reg'])
  await win.run('sc create ExampleService binPath= "C:\\Program Files\\Example\\example.exe"')
  const { files, registry, services, programs } = await win.changes()
  expect(files.added).toContain('C:\\Program Files\\Example\\example.exe')
  expect(registry.added.join('\n')).toMatch(/^HKLM\\Software\\Example: Runs = REG_DWORD 1$/im)
  expect(services.added).toContain('ExampleService')
  expect(programs.added).toContain('Example App 1.2.3')
})

test('a machine in which nothing was done has not changed', async () => {
  const { win } = given
  await win.restore('provisioned')
  await win.run('ver')
  expect(await win.changes()).toEqual({
    ...{ files: nothing, registry: nothing, services: nothing, programs: nothing },
  })
})
