// A process that downloads a file: `downloader.ts <download as JSON> <hosts as JSON>`.
import { download } from '../../../src/windows/acquire/download.ts'
import { readHosts } from '../../../src/windows/acquire/hosts.ts'
import { Web } from '../../../src/windows/acquire/web.ts'

const [wanted = '', hosts = ''] = process.argv.slice(2)
const web = new Web(readHosts(JSON.parse(hosts)), {}, { stall: 20_000, retry: 1 })
await download(JSON.parse(wanted), { web, onProgress: () => undefined })
