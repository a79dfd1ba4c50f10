// Installs the stand-in in a process of its own, which can be killed, to run on virtio: <folder> <medium>...
import { findPrograms } from '../../../src/server/programs.ts'
import { openRunFolder } from '../../../src/server/run-folder.ts'
import { installStandIn } from './install.ts'

const [folder = '', ...media] = process.argv.slice(2)
const run = await openRunFolder(folder)
const programs = await findPrograms()
const onStep = (step: string, reused: boolean) => process.stdout.write(`${reused ? 'has' : 'does'} ${step}\n`)
await installStandIn({ folder, programs, media, virtio: true, place: () => run.place(), onStep })
await run.remove()
