import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { XmlDocument, type XmlElement, XsdValidator } from 'libxml2-wasm'
import { describe, expect, test } from 'vitest'
import { renderAnswerFile } from '../../../src/windows/install/answer-file.ts'
import { decodePassword, encodePassword } from '../../../src/windows/install/password.ts'
import { childrenOf, componentProblems } from './component-rules.ts'
import { sample, samples } from './samples.ts'

using schema = XmlDocument.fromString(readFileSync(new URL('unattend.xsd', import.meta.url), 'utf8'))
const validator = XsdValidator.fromDoc(schema)

/** What is wrong with an answer file, by the schema of its outside and our table of what is inside. */
function problemsOf(text: string): string[] {
  using document = XmlDocument.fromString(text)
  try {
    validator.validate(document)
  } catch (error) {
    return [String(error)]
  }
  return childrenOf(document.root).flatMap((settings) =>
    childrenOf(settings).flatMap((component) => componentProblems(settings.attr('pass')?.value ?? '', component)),
  )
}

function textOf(text: string, path: string): string[] {
  using document = XmlDocument.fromString(text)
  return document.find(path, { u: 'urn:schemas-microsoft-com:unattend' }).map((node) => (node as XmlElement).content)
}

test.each(samples.map((install) => [`${install.guest} ${install.profile} for ${install.user}`, install] as const))(
  'an answer file for %s has what Windows knows, and only ASCII',
  (_, install) => {
    const text = renderAnswerFile(install)
    expect(problemsOf(text)).toEqual([])
    expect(text).toMatch(/^[\n\x20-\x7e]*$/)
  },
)

describe('the checks see', () => {
  const good = renderAnswerFile(sample())
  test.each([
    ['a pass that there is not', 'pass="specialize"', 'pass="specialise"', /pass/],
    ['a pass twice', 'pass="oobeSystem"', 'pass="specialize"', /pass-once|unique/i],
    ['a component without an architecture', ' processorArchitecture="amd64"', '', /processorArchitecture/],
    ['a component in a pass that does not have it', 'International-Core"', 'Deployment"', /no component/],
    ['an element that is misspelt', /ComputerName>/g, 'ComputreName>', /has no ComputreName/],
    ['a name that is too long', '>WIN11<', '>WIN11-WITH-A-LONG-NAME<', /ComputerName may not be/],
    ['a command line that is too long', 'boot-0.ps1', `${'0'.repeat(260)}.ps1`, /Path may not be/],
    ['commands out of order', '<Order>1<', '<Order>2<', /out of order/],
    ['an element twice', '<TimeZone>', '<TimeZone>UTC</TimeZone><TimeZone>', /has TimeZone twice/],
    ['a flag that is none', '<Enabled>true<', '<Enabled>yes<', /Enabled may not be/],
  ])('%s', (_, from, to, problem) => {
    expect(good).toMatch(from)
    expect(problemsOf(good.replace(from, to)).join('\n')).toMatch(problem)
  })
})

test("the language is the image's, the architecture too", () => {
  const text = renderAnswerFile(sample({ image: { architecture: 'arm64', language: 'de-DE' } }))
  expect(textOf(text, '//u:UILanguage')).toEqual(['de-DE'])
  expect(text.match(/processorArchitecture="\w+"/g)).toEqual(Array(4).fill('processorArchitecture="arm64"'))
})

test('the account that logs on is the one whose password is set', () => {
  const builtIn = renderAnswerFile(sample())
  expect(textOf(builtIn, '//u:AutoLogon/u:Username')).toEqual(['Administrator'])
  expect(textOf(builtIn, '//u:LocalAccount')).toEqual([])
  const [value = ''] = textOf(builtIn, '//u:AdministratorPassword/u:Value')
  expect(decodePassword(value, 'AdministratorPassword')).toBe('Passw0rd!')

  const own = renderAnswerFile(sample({}, { user: 'A Tester', password: 'päss & <word>' }))
  expect(textOf(own, '//u:AutoLogon/u:Username')).toEqual(['A Tester'])
  expect(textOf(own, '//u:LocalAccount/u:Name')).toEqual(['A Tester'])
  expect(textOf(own, '//u:AdministratorPassword')).toEqual([])
  const values = textOf(own, '//u:Password/u:Value').map((each) => decodePassword(each, 'Password'))
  expect(values).toEqual(['päss & <word>', 'päss & <word>'])
})

test('a server is asked for less than a client', () => {
  expect(textOf(renderAnswerFile(sample({ guest: 'server2025' })), '//u:OOBE/*')).toHaveLength(3)
  expect(textOf(renderAnswerFile(sample({ guest: 'win10' })), '//u:OOBE/*')).toHaveLength(7)
})

test('any password comes back out of its element, and out of no other', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 127 }), (password) => {
      const value = encodePassword(password, 'AdministratorPassword')
      expect(decodePassword(value, 'AdministratorPassword')).toBe(password.toWellFormed())
    }),
  )
  expect(decodePassword(encodePassword('x', 'Password'), 'AdministratorPassword')).toBeUndefined()
})
