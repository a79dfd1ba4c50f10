import type { ServerAddress } from './socket.ts'

/** The address of a page of the viewer, for a browser. It holds the token, where no server and no log sees it. */
export function viewerAddress({ url, token }: Pick<ServerAddress, 'url' | 'token'>, path: string): string {
  return `${url.replace(/^ws/, 'http').replace(/\/+$/, '')}${path}#token=${encodeURIComponent(token)}`
}
