import { windowsGuestNames } from './windows-guests.ts'

/** Processor architectures of Windows that can be installed. */
export type Architecture = 'x64' | 'arm64'

/** What can be had, by the name of the guest that is made of it. */
export const products = [...windowsGuestNames, 'server2019'] as const
export type Product = (typeof products)[number]

/** Where an install image came from: part of the key of all that is made from it. */
export interface Provenance {
  readonly source: 'own' | 'catalogue' | 'pinned' | 'uup-dump'
  /** What was read first: an address, or the user's own path. */
  readonly from: string
  /** Hexadecimal, of the file itself; for a UUP set, of the list of its files with their digests. */
  readonly sha256: string
  readonly bytes: number
}

/** What acquiring leaves on this host, complete and checked. What lies in it was recognised by content, not by name. */
export type Medium = { readonly provenance: Provenance } & (
  | { readonly kind: 'iso' | 'esd' | 'wim'; readonly file: string }
  | { readonly kind: 'uup'; readonly folder: string }
)

/** What is wanted of it. */
export interface Wanted {
  /** EDITIONID as the WIM's own XML says it, e.g. `Professional`, `ServerStandard`. */
  readonly edition: string
  /** As Windows writes it, e.g. `en-us`. */
  readonly language: string
  readonly architecture: Architecture
}

/** What is asked of the sources of media. */
export interface WantedMedium extends Wanted {
  readonly product: Product
}

/** One image inside of an install image, read from the WIM's XML. */
export interface WindowsImage extends Wanted {
  /** From 1. */
  readonly index: number
  /** `NAME` of the XML: what dism is given. */
  readonly name: string
  /** e.g. `26100.1742`. */
  readonly build: string
}

/** What building leaves: two read-only media, which the installing machine has in its drives. */
export interface InstallMedia {
  /** A small medium that boots into `pe.cmd`; holds the answer file, the init scripts and the agent too. */
  readonly boot: string
  /** A medium with the install image at `\sources\install.wim` or `.esd`; may be the user's own ISO, untouched. */
  readonly install: string
  readonly image: WindowsImage
}
