import { add, addFact, say } from './elements.js'
import { isBad, outcome, snapshotName } from './words.js'

/** What is known of a machine, in a `dl`. */
export class Facts {
  #guest
  #snapshot
  #line
  #outcome
  #more

  constructor(list) {
    this.#guest = addFact(list, 'Guest')
    this.#snapshot = addFact(list, 'Snapshot')
    const command = addFact(list, 'Last command')
    this.#line = add(command, 'code')
    this.#outcome = add(command, 'span', 'outcome')
    this.#more = add(command, 'span')
  }

  show({ guest, snapshot, command, moreCommands }, now) {
    say(this.#guest, guest)
    say(this.#snapshot, snapshotName(snapshot))
    this.#snapshot.title = snapshot
    say(this.#line, command?.line ?? '')
    this.#line.hidden = command === undefined
    say(this.#outcome, command === undefined ? 'none yet' : outcome(command, now))
    this.#outcome.classList.toggle('bad', command !== undefined && isBad(command))
    say(this.#more, moreCommands > 0 ? `and ${moreCommands} more running` : '')
  }
}
