import type { Install } from './install.ts'
import { encodePassword } from './password.ts'
import { type Element, renderXml } from './xml.ts'

/** Where the guest has osrun's files. */
export const guestFolder = 'C:\\osrun'

const architectures = { x64: 'amd64', arm64: 'arm64' } as const

/**
 * The answer file that `pe.cmd` puts into the applied image. It has the passes that follow then; Setup itself, with its
 * product key, partitions and checks, takes no part.
 */
export function renderAnswerFile(install: Install): string {
  const namespace = 'urn:schemas-microsoft-com:unattend'
  return renderXml({
    name: 'unattend',
    attributes: { xmlns: namespace, 'xmlns:wcm': 'http://schemas.microsoft.com/WMIConfig/2002/State' },
    content: [
      settings('specialize', [
        component(install, 'Microsoft-Windows-Deployment', [
          list('RunSynchronous', 'RunSynchronousCommand', 'Path', [
            ['Prepares this Windows', powershell('boot-0.ps1')],
          ]),
        ]),
        component(install, 'Microsoft-Windows-Shell-Setup', [
          leaf('ComputerName', install.computer),
          ...(install.productKey === undefined ? [] : [leaf('ProductKey', install.productKey)]),
          leaf('TimeZone', install.timeZone),
        ]),
      ]),
      settings('oobeSystem', [
        component(install, 'Microsoft-Windows-International-Core', [
          leaf('InputLocale', install.keyboard),
          leaf('SystemLocale', install.locale),
          leaf('UILanguage', install.image.language),
          leaf('UserLocale', install.locale),
        ]),
        component(install, 'Microsoft-Windows-Shell-Setup', [
          autoLogon(install),
          list('FirstLogonCommands', 'SynchronousCommand', 'CommandLine', [
            ['Starts the agent and powers off', powershell('boot-1.ps1')],
          ]),
          branch('OOBE', oobe(install)),
          leaf('TimeZone', install.timeZone),
          branch('UserAccounts', [account(install)]),
        ]),
      ]),
    ],
  })
}

function settings(pass: string, content: readonly Element[]): Element {
  return { name: 'settings', attributes: { pass }, content }
}

function component({ image }: Install, name: string, content: readonly Element[]): Element {
  const processorArchitecture = architectures[image.architecture]
  const identity = { publicKeyToken: '31bf3856ad364e35', language: 'neutral', versionScope: 'nonSxS' }
  return { name: 'component', attributes: { name, processorArchitecture, ...identity }, content }
}

function leaf(name: string, content: string): Element {
  return { name, content }
}

function branch(name: string, content: readonly Element[]): Element {
  return { name, content }
}

function added(name: string, content: readonly Element[]): Element {
  return { name, attributes: { 'wcm:action': 'add' }, content }
}

function list(name: string, item: string, field: string, commands: readonly (readonly [string, string])[]): Element {
  const rows = commands.map(([description, line], index) =>
    added(item, [leaf('Order', String(index + 1)), leaf('Description', description), leaf(field, line)]),
  )
  return branch(name, rows)
}

function powershell(script: string): string {
  return `powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File ${guestFolder}\\${script}`
}

/** One logon is boot-1.ps1's; it makes the automatic logon last, and the next ones are spare. */
function autoLogon(install: Install): Element {
  return branch('AutoLogon', [
    leaf('Enabled', 'true'),
    leaf('LogonCount', '9'),
    password(install, 'Password'),
    leaf('Username', install.user),
  ])
}

function account(install: Install): Element {
  return install.account === 'built-in'
    ? password(install, 'AdministratorPassword')
    : branch('LocalAccounts', [
        added('LocalAccount', [
          leaf('Group', 'Administrators'),
          leaf('Name', install.user),
          password(install, 'Password'),
        ]),
      ])
}

function password(install: Install, element: 'Password' | 'AdministratorPassword'): Element {
  return branch(element, [leaf('Value', encodePassword(install.password, element)), leaf('PlainText', 'false')])
}

/** No page that waits for a person. */
function oobe({ family }: Install): Element[] {
  const both = [leaf('HideEULAPage', 'true'), leaf('ProtectYourPC', '3')]
  return family === 'server'
    ? [...both, leaf('HideLocalAccountScreen', 'true')]
    : [
        ...both,
        leaf('HideOEMRegistrationScreen', 'true'),
        leaf('HideOnlineAccountScreens', 'true'),
        leaf('HideWirelessSetupInOOBE', 'true'),
        leaf('SkipMachineOOBE', 'true'),
        leaf('SkipUserOOBE', 'true'),
      ]
}
