const states = {
  running: 'running',
  restoring: 'being restored',
  snapshotting: 'snapshot being taken',
  rebooting: 'rebooting',
  reconnecting: 'agent does not answer, waited for',
  lost: 'gone',
  ending: 'ending',
  building: 'being built',
  waiting: 'waiting for a free place',
}

export function stateInWords(state) {
  return states[state] ?? state
}

/** Milliseconds for a person: `7 s`, `3 min 05 s`, `2 h 03 min`. */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const minutes = Math.floor(seconds / 60)
  const two = (number) => String(number).padStart(2, '0')
  if (seconds < 60) {
    return `${seconds} s`
  }
  return minutes < 60
    ? `${minutes} min ${two(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`
}

/** How a command ended, or for how long it has been running. */
export function outcome(command, now) {
  switch (command.state) {
    case 'running':
      return `running for ${duration(now - command.startedAt)}`
    case 'exited':
      return `exit code ${command.exitCode}`
    case 'killed':
      return 'killed'
    case 'failed':
      return 'not started'
    default:
      return 'outcome unknown'
  }
}

/** True where the end is one that a person should look at. */
export function isBad({ state, exitCode }) {
  return state === 'failed' || state === 'unknown' || state === 'killed' || (state === 'exited' && exitCode !== 0)
}

/** A snapshot that a recipe built is called as the recipe is: the store has a hash behind it. */
export function snapshotName(name) {
  return name.replace(/-[0-9a-f]{16}$/, '')
}

export function count(number, one, many) {
  return `${number} ${number === 1 ? one : many}`
}
