import { join } from 'node:path'
import type { AcquireOptions } from '../../../src/windows/acquire/acquire.ts'
import type { WantedMedium } from '../../../src/windows/medium.ts'
import { cabinetOf, catalogueFile, isoOf, productsXml, sha1, wimOf } from './made-media.ts'
import type { Offer, StandInWeb } from './stand-in-web.ts'
import { pace, patience } from './with-web.ts'

export const professional: WantedMedium = {
  product: 'win11',
  edition: 'Professional',
  language: 'en-us',
  architecture: 'x64',
}

export const mediaHosts = [
  'go.microsoft.com',
  'download.microsoft.com',
  'dl.delivery.mp.microsoft.com',
  'software-static.download.prss.microsoft.com',
  'software-download.microsoft.com',
  'api.uupdump.net',
  'uupdump.net',
  'uup.rg-adguard.net',
  'tlu.dl.delivery.mp.microsoft.com',
  'mirror.example',
]

export function optionsFor(web: StandInWeb, folder: string, more: Partial<AcquireOptions> = {}): AcquireOptions {
  return {
    folder: join(folder, 'the media'),
    hosts: web.hosts(...mediaHosts),
    environment: {},
    patience,
    pace,
    ...more,
  }
}

export const esd = wimOf({ images: 8, solid: true, size: 50_000 })
export const iso = isoOf({ udf: true, sectors: 60 })

/** Fields of the catalogue's file for what is wanted. */
export const esdFields = {
  FileName: '26100.4349.250607-1500.ge_release_svc_refresh_CLIENTCONSUMER_RET_x64FRE_en-us.esd',
  LanguageCode: 'en-us',
  Edition: 'Professional',
  Architecture: 'x64',
  Size: esd.length,
  Sha1: sha1(esd),
  FilePath: 'http://dl.delivery.mp.microsoft.com/filestreamingservice/files/1/new.esd',
}

/** Microsoft's catalogue, as its short link leads to it. */
export function offerCatalogue(web: StandInWeb, files = [catalogueFile(esdFields)]): void {
  offerCabinet(web, cabinetOf({ 'products.xml': productsXml(files) }))
}

export function offerCabinet(web: StandInWeb, cabinet: Buffer): void {
  for (const path of ['/fwlink', '/fwlink/']) {
    web.redirect('go.microsoft.com', path, 'https://download.microsoft.com/download/1/products.cab')
  }
  web.offer('download.microsoft.com', '/download/1/products.cab', cabinet)
}

export function offerEsd(web: StandInWeb, offer: Offer = {}): void {
  web.offer('dl.delivery.mp.microsoft.com', '/filestreamingservice/files/1/new.esd', esd, offer)
}
