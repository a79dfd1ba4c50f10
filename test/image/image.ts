import { execa } from 'execa'
import { buildSettings } from '../../src/runtime/docker/build-settings.ts'
import { readContext } from '../../src/runtime/docker/context.ts'
import { findEngine } from '../../src/runtime/docker/engine.ts'
import { ensureImage } from '../../src/runtime/docker/image.ts'
import { packTar } from '../../src/runtime/docker/tar.ts'

/** The image of this tree, built where the engine lacks it: its name. */
export async function ownImage(): Promise<string> {
  const context = await readContext()
  await ensureImage(await findEngine(), context, { onProgress: () => {} })
  return context.tag
}

/** The image of this tree's target `without-guest`, built by `docker build` from the layers of the whole: its name. */
export async function imageWithoutGuest(): Promise<string> {
  const context = await readContext()
  const { files, buildargs } = await buildSettings()
  const tag = `${context.tag}-without-guest`
  const given = Object.entries(buildargs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`])
  await execa('docker', ['build', '-f', 'docker/Dockerfile', '--target', 'without-guest', '-t', tag, ...given, '-'], {
    input: packTar(new Map([...context.files, ...files])),
    // The builder that made the whole image, and has its layers.
    env: { DOCKER_BUILDKIT: '0' },
  })
  return tag
}

/** Why what a person does with `docker run` cannot be tried here, for a test's title; undefined where it can. */
export async function noDocker(): Promise<string | undefined> {
  const { failed } = await execa('docker', ['version'], { reject: false, stdin: 'ignore' })
  return failed ? 'the program docker is not there, or finds no engine' : undefined
}

/** Gives a folder and all in it to a user, for which the one who runs the tests may have no right. */
export async function giveTo(image: string, owner: string, folder: string): Promise<void> {
  await execa('docker', [
    'run',
    '--rm',
    '-v',
    `${folder}:/folder`,
    '--entrypoint',
    'chown',
    image,
    '-R',
    owner,
    '/folder',
  ])
}

/** Removes a folder that a container may have written to as somebody else. */
export async function removeFolder(image: string, folder: string): Promise<void> {
  const words = [
    'run',
    '--rm',
    '-v',
    `${folder}:/folder`,
    '--entrypoint',
    'sh',
    image,
    '-c',
    'rm -rf /folder/* /folder/.[!.]*',
  ]
  await execa('docker', words)
}
