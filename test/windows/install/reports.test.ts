import { expect, test } from 'vitest'
import { readScripts } from '../../../src/windows/install/init-folder.ts'
import { dismPercent, installSteps } from '../../../src/windows/install/steps.ts'
import { parseReport } from '../../../src/windows/report.ts'

const scripts = await readScripts()
const pe = scripts.get('pe.cmd') ?? ''

test('whatever pe.cmd says is a report, of a step that is known', () => {
  const begun = [...pe.matchAll(/call :begin (\S+)/g)].map(([, step = '']) => step)
  expect(['start', ...begun]).toEqual(installSteps.filter(({ stage }) => stage === 'pe').map(({ step }) => step))

  const said = [...pe.matchAll(/call :say %step% "?([^"\n]+)"?$/gm)].map(([, state = '']) => state)
  expect(said.map((state) => state.split(' ')[0]).sort()).toEqual(['begin', 'done', 'failed', 'skipped'])
  for (const step of begun) {
    for (const state of said) {
      expect(parseReport(`osrun: pe ${step} ${state.replace(/%\S+/, 'a reason')}\r\n`)).toMatchObject({
        stage: 'pe',
        step,
      })
    }
  }
  expect(pe).toContain('>"%port%" echo osrun: pe %~1 %~2\n')
  expect(parseReport(/echo (osrun: pe start begin)/.exec(pe)?.[1] ?? '')).toMatchObject({
    step: 'start',
    state: 'begin',
  })
})

test('whatever the scripts of Windows say is a report', () => {
  const all = ['steps.ps1', 'boot-0.ps1', 'boot-1.ps1'].map((name) => scripts.get(name)).join('\n')
  const states = [...all.matchAll(/Send-Report \S+ '([^']*)'/g)].map(([, state]) => state)
  expect([...new Set(states)].sort()).toEqual(['begin', 'done', 'failed', 'skipped'])
  expect(all.match(/Send-Report \S/g)).toHaveLength(states.length)
  expect(all).toContain('$Port.Write("osrun: $Line`r`n")')
  for (const stage of ['specialize', 'logon'] as const) {
    expect(all).toContain(`$Stage = '${stage}'`)
    for (const { step } of installSteps.filter((each) => each.stage === stage)) {
      expect(parseReport(`osrun: ${stage} ${step} failed it took longer than 5 minutes`)).toMatchObject({ stage, step })
    }
  }
})

test('the log that a failure sends repeats no report', () => {
  const [, line = ''] = />>"%log%" echo (%TIME%.*)/.exec(pe) ?? []
  expect(parseReport(line.replace('%TIME%', '12:34:56.78').replace('%~1 %~2', 'disk begin'))).toBeUndefined()
})

test.each([
  ['', undefined],
  ['Deployment Image Servicing and Management tool\r\n', undefined],
  ['[=                          1.0%                           ]', 1],
  ['\r[==  3.0%  ]\r[=====================57.5%                      ] ', 57.5],
  ['[==========================100.0%==========================] \r\nThe operation', 100],
  ['[ 999.0% ]', undefined],
])('of %j dism has done %s percent', (text, percent) => {
  expect(dismPercent(text)).toBe(percent)
})
