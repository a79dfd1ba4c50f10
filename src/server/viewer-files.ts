import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { dirname, extname, join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { checkPage } from './door.ts'
import { machineInPath } from './machine-path.ts'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const headers = {
  // noVNC draws the pointer as a picture in the page's own address.
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
}

/** Pages, by the paths that people open. */
const pages: readonly [RegExp, string][] = [
  [/^\/$/, '/viewer/overview.html'],
  [new RegExp(`^/machines/(?:${machineInPath})$`), '/viewer/machine.html'],
]

/** The files of the viewer by the path they are asked for under: nothing else can be had, whatever a path says. */
export async function viewerFiles(): Promise<ReadonlyMap<string, string>> {
  const own = fileURLToPath(new URL('viewer', import.meta.url))
  const novnc = dirname(dirname(fileURLToPath(import.meta.resolve('@novnc/novnc'))))
  const found = await Promise.all([
    below(own, own, '/viewer'),
    below(join(novnc, 'core'), novnc, '/viewer/novnc'),
    below(join(novnc, 'vendor'), novnc, '/viewer/novnc'),
  ])
  return new Map(found.flat())
}

/** Answers a request for the viewer. @returns false where it is for something else */
export async function answerViewer(
  files: ReadonlyMap<string, string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const [path = ''] = (request.url ?? '').split('?')
  const page = pages.find(([pattern]) => pattern.test(path))
  const file = files.get(page?.[1] ?? path)
  if (file === undefined || request.method !== 'GET') {
    return false
  }
  const refusal = checkPage(request)
  if (refusal !== undefined) {
    response.writeHead(refusal.status, { 'content-type': 'text/plain' }).end(`${refusal.reason}\n`)
    return true
  }
  const { size } = await stat(file)
  response.writeHead(200, { ...headers, 'content-type': types[extname(file)], 'content-length': size })
  await pipeline(createReadStream(file), response)
  return true
}

async function below(folder: string, root: string, prefix: string): Promise<[string, string][]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile() && extname(entry.name) in types)
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [`${prefix}/${relative(root, file)}`, file])
}
