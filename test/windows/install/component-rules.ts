// What Windows knows of the components that we use: in which passes, which elements, which values. An element that is
// misspelt is what Setup says nothing about, or stops at.

import { XmlElement as Element, type XmlElement } from 'libxml2-wasm'

type Rule = RegExp | { readonly [name: string]: Rule }

const flag = /^(?:true|false)$/
const locale = /^(?:[a-z]{2,3}(?:-[A-Za-z0-9]+)+|[0-9a-fA-F]{4}:[0-9a-fA-F]{8})$/
const password = { Value: /^[A-Za-z0-9+/]*={0,2}$/, PlainText: flag }
const description = /^.{1,256}$/
const order = /^\d+$/

const components: Record<string, Record<string, Rule>> = {
  'specialize Microsoft-Windows-Deployment': {
    RunSynchronous: { RunSynchronousCommand: { Order: order, Description: description, Path: /^.{1,259}$/ } },
  },
  'specialize Microsoft-Windows-Shell-Setup': {
    ComputerName: /^[A-Za-z0-9-]{1,15}$/,
    ProductKey: /^([A-Z0-9]{5}-){4}[A-Z0-9]{5}$/,
    TimeZone: /^.{1,256}$/,
  },
  'oobeSystem Microsoft-Windows-International-Core': {
    InputLocale: locale,
    SystemLocale: locale,
    UILanguage: locale,
    UserLocale: locale,
  },
  'oobeSystem Microsoft-Windows-Shell-Setup': {
    AutoLogon: { Enabled: flag, LogonCount: /^[1-9]\d*$/, Password: password, Username: /^.{1,256}$/ },
    FirstLogonCommands: {
      SynchronousCommand: { Order: order, Description: description, CommandLine: /^.{1,1024}$/ },
    },
    OOBE: {
      HideEULAPage: flag,
      HideLocalAccountScreen: flag,
      HideOEMRegistrationScreen: flag,
      HideOnlineAccountScreens: flag,
      HideWirelessSetupInOOBE: flag,
      ProtectYourPC: /^[123]$/,
      SkipMachineOOBE: flag,
      SkipUserOOBE: flag,
    },
    TimeZone: /^.{1,256}$/,
    UserAccounts: {
      AdministratorPassword: password,
      LocalAccounts: { LocalAccount: { Group: /^.{1,256}$/, Name: /^.{1,20}$/, Password: password } },
    },
  },
}

/** What a component of a pass has that Windows would not take. */
export function componentProblems(pass: string, component: XmlElement): string[] {
  const name = component.attr('name')?.value ?? ''
  const rule = components[`${pass} ${name}`]
  return rule === undefined ? [`${pass} has no component ${name}`] : problems(`${name}`, component, rule)
}

function problems(path: string, element: XmlElement, rule: Rule): string[] {
  if (rule instanceof RegExp) {
    return rule.test(element.content) ? [] : [`${path} may not be ${JSON.stringify(element.content)}`]
  }
  const children = childrenOf(element)
  return [
    ...children.flatMap((child) => {
      const known = Object.hasOwn(rule, child.name) ? rule[child.name] : undefined
      return known === undefined ? [`${path} has no ${child.name}`] : problems(`${path}/${child.name}`, child, known)
    }),
    ...repeated(children).map((name) => `${path} has ${name} twice`),
    ...orderProblems(path, children),
  ]
}

/** Only what is added to a list may be there more than once. */
function repeated(children: readonly XmlElement[]): string[] {
  const names = children
    .map(({ name }) => name)
    .filter((name) => !/^(?:\w*SynchronousCommand|LocalAccount)$/.test(name))
  return names.filter((name, index) => names.indexOf(name) !== index)
}

/** Commands are carried out by their numbers, which begin with 1 and leave none out. */
function orderProblems(path: string, children: readonly XmlElement[]): string[] {
  const orders = children.flatMap((child) => childrenOf(child).filter(({ name }) => name === 'Order'))
  const wrong = orders.some((each, index) => each.content !== String(index + 1))
  return wrong ? [`${path} has commands out of order`] : []
}

export function childrenOf(element: XmlElement): XmlElement[] {
  const found: XmlElement[] = []
  for (let node = element.firstChild; node !== null; node = node.next) {
    if (node instanceof Element) {
      found.push(node)
    }
  }
  return found
}
