import { protocolsFor, socketAt, token } from './address.js'

const firstDelay = 1000
const longestDelay = 10_000
// The server says something every few seconds, also while nothing changes.
const longestSilence = 15_000

/** Follows what the machine room is doing, and connects again by itself. */
export class Watch {
  #hear
  #socket
  #delay = firstDelay
  #silence
  #everOpen = false
  #lastId = 0
  #asked = new Map()
  #offset = 0

  /** `hear.status(status)` is called with each state of the machine room, `hear.trouble(text)` when none comes. */
  constructor(hear) {
    this.#hear = hear
    this.#connect()
  }

  /** The time on the server's clock, which may differ from this computer's. */
  now() {
    return Date.now() + this.#offset
  }

  /** Asks something of a machine; rejects with the server's words where it could not. */
  ask(method, params) {
    if (this.#socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new Error('There is no connection to the machine room.'))
    }
    this.#lastId += 1
    const id = this.#lastId
    this.#socket.send(JSON.stringify({ id, method, params }))
    return new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }))
  }

  #connect() {
    let opened = false
    const socket = new WebSocket(socketAt('/v1/watch'), protocolsFor('osrun.watch'))
    this.#socket = socket
    this.#listen()
    socket.onopen = () => {
      opened = true
      this.#everOpen = true
      this.#delay = firstDelay
    }
    socket.onmessage = ({ data }) => {
      this.#listen()
      this.#take(JSON.parse(data))
    }
    socket.onclose = () => {
      clearTimeout(this.#silence)
      this.#giveUp()
      this.#explain(opened)
      setTimeout(() => this.#connect(), this.#delay)
      this.#delay = Math.min(this.#delay * 2, longestDelay)
    }
  }

  // A computer that slept, or a cable that was pulled, closes no connection.
  #listen() {
    clearTimeout(this.#silence)
    const socket = this.#socket
    this.#silence = setTimeout(() => {
      socket.close()
      // Closing waits for the other side, which does not answer.
      socket.onclose?.()
      socket.onclose = null
    }, longestSilence)
  }

  #take(message) {
    if (message.event === 'status') {
      this.#offset = message.status.time - Date.now()
      this.#hear.status(message.status)
      return
    }
    const asked = this.#asked.get(message.id)
    this.#asked.delete(message.id)
    if (message.error) {
      asked?.reject(new Error(message.error.message))
    } else {
      asked?.resolve(message.result)
    }
  }

  #giveUp() {
    for (const { reject } of this.#asked.values()) {
      reject(new Error('The connection was lost: what was asked for may have been done, or a part of it.'))
    }
    this.#asked.clear()
  }

  // A page is not told why a websocket was refused; the server's health tells a wrong token from a server that is gone.
  async #explain(opened) {
    if (opened || this.#everOpen) {
      this.#hear.trouble(
        'The connection to the machine room was lost: it has ended, or cannot be reached. Trying again…',
      )
      return
    }
    const answers = await fetch('/healthz').then(
      ({ ok }) => ok,
      () => false,
    )
    this.#hear.trouble(answers ? refused() : 'The machine room does not answer. Trying again…')
  }
}

function refused() {
  return token === ''
    ? 'This address lacks its end, #token=…: take the whole address as it was printed.'
    : 'The token in this address is not this machine room’s: each run has another one. Take the address that this run has printed.'
}
