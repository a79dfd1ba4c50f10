// Makes the pictures of viewer.md and the README anew, of real machines: node docs/viewer-pictures.ts

import { fileURLToPath } from 'node:url'
import { chromium, type Page } from 'playwright-core'
import { type OsrunServer, startServer } from '../src/client/index.ts'
import { findProgram } from '../src/runtime/requirements/check.ts'

const executablePath = await findProgram('chromium')
const browser = await chromium.launch(executablePath === undefined ? {} : { executablePath })
const server = await startServer({ machines: 4, standbys: 1 })
try {
  const page = await browser.newPage({ viewport: { width: 1100, height: 560 } })
  await takePictures(page, server)
} finally {
  await browser.close()
  await server[Symbol.asyncDispose]()
}

async function takePictures(page: Page, { viewerUrl, acquire }: OsrunServer): Promise<void> {
  await page.goto(viewerUrl)
  const editor = await acquire({ label: 'test/editor.test.ts' })
  await editor.writeFile('C:\\readme.txt', 'Each test file has its own desktop.\r\n')
  await editor.run('start notepad C:\\readme.txt')
  const installer = await acquire({ label: 'test/installer.test.ts' })
  await installer.run('start regedit')
  await installer.run('reg query HKCU\\Software\\Example', { reject: false })
  const service = await acquire({ label: 'test/server.test.ts' })
  await service.run('start winefile')
  const runs = service.spawn('ping -n 1000 127.0.0.1', { reject: false })
  await page.waitForTimeout(8000)
  await save(page, 'viewer-machines')
  await page.setViewportSize({ width: 1100, height: 720 })
  await page.getByRole('link', { name: 'test/editor.test.ts' }).click()
  await page.locator('#screen[data-shown="live"]').waitFor()
  await editor.keyboard.press('Control+End')
  await editor.keyboard.type('This one is seen, and used, from a browser.')
  await page.waitForTimeout(4000)
  await save(page, 'viewer-machine')
  await runs.kill()
}

async function save(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: fileURLToPath(new URL(`${name}.png`, import.meta.url)) })
}
