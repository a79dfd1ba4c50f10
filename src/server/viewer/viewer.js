// The page of one machine. Its address is /machines/<lease>#token=<token>: a fragment is never sent to a server, and
// stands in no log.
import RFB from '/viewer/novnc/core/rfb.js'

const retryDelay = 1000
const lease = location.pathname.split('/').at(-1)
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? ''
const state = document.getElementById('state')
const screen = document.getElementById('screen')

connect()

function connect() {
  const rfb = new RFB(screen, `${location.origin.replace(/^http/, 'ws')}/v1/vnc/${lease}`, {
    wsProtocols: ['osrun.vnc', `osrun.token.${base64url(token)}`],
  })
  rfb.scaleViewport = true
  rfb.addEventListener('connect', () => {
    state.textContent = `Machine ${lease}`
    rfb.focus()
  })
  rfb.addEventListener('desktopname', ({ detail }) => {
    document.title = `${detail.name} – osrun`
  })
  // A restore puts another machine in the place of this one.
  rfb.addEventListener('disconnect', () => {
    state.textContent = `Machine ${lease} does not show its screen: it is being replaced, has ended, or the token is wrong. Trying again…`
    setTimeout(connect, retryDelay)
  })
}

// A websocket's subprotocol may not hold every character that a token may.
function base64url(text) {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text))
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
