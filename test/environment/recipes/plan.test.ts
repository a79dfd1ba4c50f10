import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { digestOf } from '../../../environment/recipes/digest.ts'
import type { SetupModules } from '../../../environment/recipes/modules.ts'
import { type PlannedRecipe, planRecipes } from '../../../environment/recipes/plan.ts'
import { findBuilt, UploadTrace } from '../../../environment/recipes/trace.ts'

let root: string
const alone: SetupModules = { list: async (file) => [file], load: async () => ({}) }

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'osrun recipes '))
  await mkdir(join(root, 'payload/inner folder'), { recursive: true })
  await writeFile(join(root, 'payload/inner folder/file.txt'), 'one')
  await writeFile(join(root, 'git.setup.ts'), 'export default () => {}')
})

afterEach(async () => {
  await rm(root, { recursive: true, force: true })
})

function plan(options: object): Promise<PlannedRecipe[]> {
  return planRecipes({ git: { setup: './git.setup.ts', ...options } }, { description: 'the config', root }, alone)
}

describe('a plan', () => {
  test('has what a recipe is made of, by paths from its setup', async () => {
    const [recipe] = await plan({ inputs: ['payload'] })
    expect(recipe).toMatchObject({ name: 'git', from: 'provisioned', setup: join(root, 'git.setup.ts') })
    expect(recipe?.modules).toEqual([{ path: 'git.setup.ts', digest: await digestOf(join(root, 'git.setup.ts')) }])
    expect(recipe?.inputs).toEqual([{ path: 'payload', digest: await digestOf(join(root, 'payload')) }])
  })

  test.each([
    ['setup', { setup: './nowhere.ts' }, './nowhere.ts'],
    ['inputs', { inputs: ['payload', 'nowhere'] }, 'nowhere'],
  ])('names the option %s where it leads to nothing', async (field, options, path) => {
    await expect(plan(options)).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: `Expected the option \`snapshots.git.${field}\` in the config to be the path of something that exists, got "${path}": there is no ${join(root, path)}`,
    })
  })
})

describe('the digest of a folder', () => {
  test('is the same for the same names and bytes, whatever the times', async () => {
    const before = await digestOf(join(root, 'payload'))
    await utimes(join(root, 'payload/inner folder/file.txt'), 1, 1)
    await rename(join(root, 'payload'), join(root, 'moved'))
    expect(await digestOf(join(root, 'moved'))).toBe(before)
    await symlink(join(root, 'moved'), join(root, 'link'))
    expect(await digestOf(join(root, 'link'))).toBe(before)
  })

  test.each<[string, () => Promise<unknown>]>([
    ['a byte', () => writeFile(join(root, 'payload/inner folder/file.txt'), 'two')],
    ['a name', () => rename(join(root, 'payload/inner folder'), join(root, 'payload/other'))],
    ['another file', () => writeFile(join(root, 'payload/empty'), '')],
    ['an empty folder', () => mkdir(join(root, 'payload/empty'))],
  ])('changes with %s', async (_, change) => {
    const before = await digestOf(join(root, 'payload'))
    await change()
    expect(await digestOf(join(root, 'payload'))).not.toBe(before)
  })
})

describe('what a setup uploads', () => {
  const key = '0123456789abcdef'

  async function trace(...paths: string[]) {
    const uploads = new UploadTrace(root)
    for (const path of paths) {
      await uploads.add(join(root, path))
    }
    return uploads
  }

  async function find(uploads: UploadTrace, recipe = 'git', built = 'git') {
    const [planned] = await planRecipes(
      { [recipe]: { setup: './git.setup.ts' } },
      { description: 'the config', root },
      alone,
    )
    const templates = [{ name: 'stored', id: 'x', recipe: { name: built, key, uploads: uploads.contents() } }]
    return planned && findBuilt(templates, planned, key)
  }

  test('is found unchanged', async () => {
    const uploads = await trace('payload', 'git.setup.ts')
    expect(uploads.contents().map(({ path }) => path)).toEqual(['payload', 'git.setup.ts'])
    expect(await find(uploads)).toBe('stored')
  })

  test.each<[string, () => Promise<unknown>]>([
    ['was edited', () => writeFile(join(root, 'payload/inner folder/file.txt'), 'two')],
    ['is gone', () => rm(join(root, 'payload'), { recursive: true })],
  ])('and %s since is not what is looked for', async (_, change) => {
    const uploads = await trace('payload')
    const contents = uploads.contents()
    await change()
    expect(await find({ contents: () => contents } as UploadTrace)).toBeUndefined()
  })

  test('and was made by the setup for itself, or is not there, is no input', async () => {
    await writeFile(join(root, 'made.txt'), 'made')
    const uploads = await trace('made.txt', 'nowhere', 'payload')
    await rm(join(root, 'made.txt'))
    expect(uploads.contents().map(({ path }) => path)).toEqual(['payload'])
  })

  test('for a recipe of another name is another recipe’s', async () => {
    expect(await find(await trace('payload'), 'git', 'node')).toBeUndefined()
  })
})
