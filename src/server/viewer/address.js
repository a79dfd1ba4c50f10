// A page's address is <path>#token=<token>: a fragment is sent to no server, and stands in no log and no Referer.
export const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? ''

// Another token means another machine room.
addEventListener('hashchange', () => location.reload())

/** The address of another page of the viewer. */
export function pageAt(path) {
  return `${path}#token=${encodeURIComponent(token)}`
}

export function socketAt(path) {
  return location.origin.replace(/^http/, 'ws') + path
}

/** A page cannot send headers with a websocket, so the token is one of its subprotocols. */
export function protocolsFor(protocol) {
  return [protocol, `osrun.token.${base64url(token)}`]
}

// A subprotocol may not hold every character that a token may.
function base64url(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text))
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
