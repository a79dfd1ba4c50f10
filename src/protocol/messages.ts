/**
 * What client and server say on the websocket. Text messages are JSON and stand here; binary messages are the agent's
 * frames (`frames.ts`), relayed between the client and the machine of its lease.
 *
 * One websocket is one lease: `acquire` gives it a machine, and its end releases the machine. A websocket that asks to
 * `hold` keeps the server alive instead.
 */
import * as v from 'valibot'
import { isKeyName } from './keys.ts'
import { mediaOptions } from './media-options.ts'
import { isName } from './names.ts'

/** Path of the websocket; a change that an old client would misunderstand makes it /v2. */
export const socketPath = '/v1'

/** Frame types that a client may send to its machine. All others are the server's own business. */
export const clientFrameNames = [
  'exec',
  'kill',
  'closeIn',
  'resize',
  'dataIn',
  'window',
  'file',
  'commit',
  'connect',
  'type',
] as const

const name = v.pipe(
  v.string(),
  v.check((value) => isName(value), 'is no valid name'),
)

const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/))

/** What a snapshot was built from: the recipe, and what its setup uploaded. */
export const recipeTrace = v.strictObject({
  /** As the user calls it; the snapshot's own name has a hash of the content behind it. */
  name,
  /** Hash of all that is known before the setup runs: its modules, its inputs, what it starts from. */
  key: hash,
  /** Files and folders of the user's computer, by their path from the setup's folder. */
  uploads: v.pipe(v.array(v.strictObject({ path: v.string(), digest: v.string() })), v.maxLength(10_000)),
})
export type RecipeTrace = v.InferOutput<typeof recipeTrace>

const saidOfTest = v.pipe(v.string(), v.maxLength(1000))

/** The test that failed in a state of its machine, and what that machine was. */
export const failureNote = v.strictObject({
  /** Path of the test file, as its runner has it. */
  file: saidOfTest,
  /** Names of the describe blocks and of the test. */
  test: saidOfTest,
  network: v.picklist(['isolated', 'internet']),
})
export type FailureNote = v.InferOutput<typeof failureNote>

/** Keys that are pressed together, by QEMU's names: pressed in this order, released in the reverse. */
const chord = v.pipe(
  v.array(
    v.pipe(
      v.string(),
      v.check(isKeyName, ({ received }) => `there is no key ${received}`),
    ),
  ),
  v.minLength(1),
  v.maxLength(6),
)

const wholeNumber = v.pipe(v.number(), v.integer())
/** Milliseconds since 1970, UTC, up to the year 9999. */
const time = v.pipe(wholeNumber, v.minValue(0), v.maxValue(253_402_300_799_999))

/** Characters of a label at most: clients cut what is longer. */
export const longestLabel = 200
const label = v.pipe(v.string(), v.maxLength(longestLabel))

export const mouseButtons = ['left', 'right', 'middle'] as const

export const clockModes = ['sync', 'frozen'] as const
export const networkModes = ['isolated', 'internet'] as const

/** Parameters of each method, as they arrive. */
export const methodParameters = {
  acquire: v.strictObject({
    guest: name,
    snapshot: name,
    /** Who the machine is for, as people would say it: the test file's path. */
    label,
    clock: v.picklist(clockModes),
    network: v.picklist(networkModes),
    /** For a client that has a machine on another connection, and compares it with this one: it waits for no place. */
    beside: v.optional(v.boolean()),
  }),
  /** Says anew who the machine is for: a test environment learns it after it asked. */
  label: v.strictObject({ label }),
  restore: v.strictObject({ snapshot: v.optional(name) }),
  /**
   * With `recipe` the snapshot is what this recipe makes. With `attached` the machine's streams go on, and end in the
   * snapshot; otherwise there may be none.
   */
  snapshot: v.strictObject({
    ...{ name, replace: v.boolean() },
    recipe: v.optional(recipeTrace),
    attached: v.optional(v.boolean()),
  }),
  /**
   * Keeps the machine's state, in which a test has failed, for `osrun replay`. Its streams go on. Of one run, which `run`
   * names, only a few states are kept.
   */
  save: v.strictObject({ run: v.pipe(v.string(), v.maxLength(100)), file: saidOfTest, test: saidOfTest }),
  snapshots: v.strictObject({}),
  screenshot: v.strictObject({}),
  /** Types on the machine's keyboard. */
  keyboard: v.strictObject({ keys: v.pipe(v.array(chord), v.minLength(1), v.maxLength(1000)) }),
  /** Moves the pointer to a pixel of the screenshot, and presses there. */
  mouse: v.strictObject({
    x: wholeNumber,
    y: wholeNumber,
    press: v.optional(
      v.strictObject({ button: v.picklist(mouseButtons), count: v.pipe(wholeNumber, v.minValue(1), v.maxValue(3)) }),
    ),
  }),
  /** Reads the guest's clock, after setting it where `set` is given. */
  clock: v.strictObject({ set: v.optional(time) }),
  /** Restarts the guest; resolves when it can run commands again. */
  reboot: v.strictObject({}),
  release: v.strictObject({}),
  /** Keeps the server alive as long as this websocket is open. */
  hold: v.strictObject({}),
  /** Builds what is missing so that `acquire` of the guest's `provisioned` snapshot needs no building. */
  install: v.strictObject({
    guest: name,
    /** How real Windows is installed where it is not there; without it that is an error. */
    windows: v.optional(
      v.strictObject({ media: mediaOptions, slow: v.optional(v.boolean()), keep: v.optional(v.boolean()) }),
    ),
  }),
  /** The snapshots of a guest that was installed, with what they come from; none that is damaged. */
  templates: v.strictObject({ guest: name }),
  /**
   * Takes the right to build the recipe of that name, and waits while another has it, of any machine room of this
   * computer. It is given back with the end of this websocket, after its machine.
   */
  claim: v.strictObject({ guest: name, recipe: name }),
  /** Says that these snapshots are in use, and removes older generations of their recipes that nobody has used lately. */
  keep: v.strictObject({ guest: name, snapshots: v.pipe(v.array(name), v.maxLength(1000)) }),
  /** Resolves when no lease is left, at the latest after `deadline` milliseconds. */
  drain: v.strictObject({ deadline: v.pipe(v.number(), v.minValue(0), v.maxValue(600_000)) }),
  status: v.strictObject({}),
} as const

export type Method = keyof typeof methodParameters
export type Parameters<M extends Method> = v.InferOutput<(typeof methodParameters)[M]>

export const snapshotInfo = v.object({
  name: v.string(),
  guest: v.string(),
  /** The snapshot it was made from; undefined for `provisioned`. */
  parent: v.optional(v.string()),
  /** ISO 8601 */
  createdAt: v.string(),
  /** Bytes on disk that are this snapshot's own. */
  size: v.number(),
  /** The recipe that it was built by, if it was. */
  recipe: v.optional(v.string()),
  /** The test that failed in it, where it was kept for `osrun replay`. */
  failure: v.optional(v.object({ file: v.string(), test: v.string() })),
})
/** A named state of a running machine: memory, disk and desktop. */
export type SnapshotInfo = v.InferOutput<typeof snapshotInfo>

export const template = v.object({
  name: v.string(),
  /** Another one for each publication, also under the same name. */
  id: v.string(),
  recipe: v.optional(recipeTrace),
})
/** A snapshot, and what tells it from others. */
export type TemplateInfo = v.InferOutput<typeof template>

export const lease = v.object({
  machine: v.string(),
  guest: v.string(),
  snapshot: v.string(),
  /** Command interpreters that the guest has: `cmd`, `powershell`. */
  shells: v.array(v.string()),
  /** Path on this server of the page that shows the machine's screen; stays the same for the life of the lease. */
  viewer: v.string(),
})
export type Lease = v.InferOutput<typeof lease>

export const screenshotResult = v.object({ png: v.string(), width: v.number(), height: v.number() })

const standby = v.object({ machine: v.string(), guest: v.string(), snapshot: v.string(), memoryMiB: v.number() })
/** A machine that waits for its client, and the memory that it takes of the host. */
export type Standby = v.InferOutput<typeof standby>

/** A command that a client runs, or ran. Times are milliseconds since 1970 on the server's clock. */
const commandStatus = v.object({
  /** Its beginning, without what `cmd` is called with. */
  line: v.string(),
  /** `failed`: it was not started. `unknown`: the link was lost before its end was known. */
  state: v.picklist(['running', 'exited', 'killed', 'failed', 'unknown']),
  exitCode: v.optional(v.number()),
  startedAt: v.number(),
  endedAt: v.optional(v.number()),
})
export type CommandStatus = v.InferOutput<typeof commandStatus>

const leaseStatus = v.object({
  /** Stays the same for the life of the lease; part of the page's path, `/machines/<id>`. */
  id: v.string(),
  machine: v.string(),
  guest: v.string(),
  snapshot: v.string(),
  label: v.string(),
  /** `installing`: a guest installs itself. `reconnecting`: the agent does not answer and is waited for. `lost`: nothing comes back. */
  state: v.picklist([
    'installing',
    'running',
    'restoring',
    'snapshotting',
    'rebooting',
    'reconnecting',
    'lost',
    'ending',
  ]),
  /** When the client got its machine. */
  since: v.number(),
  /** The one that was started last. */
  command: v.optional(commandStatus),
  /** How many more commands run at this moment. */
  moreCommands: v.number(),
})
export type LeaseStatus = v.InferOutput<typeof leaseStatus>

const requestStatus = v.object({
  id: v.string(),
  label: v.string(),
  guest: v.string(),
  /** Left out where the guest itself is being made ready. */
  snapshot: v.optional(v.string()),
  /** `building`: what it needs is built first; `phase` says what. `waiting`: for a place. */
  state: v.picklist(['building', 'waiting', 'restoring']),
  phase: v.optional(v.string()),
  percent: v.optional(v.number()),
  since: v.number(),
})
export type RequestStatus = v.InferOutput<typeof requestStatus>

export const status = v.object({
  version: v.string(),
  accelerator: v.string(),
  /** The server's clock, in milliseconds since 1970. */
  time: v.number(),
  capacity: v.number(),
  queued: v.number(),
  leases: v.array(leaseStatus),
  /** Clients that have no machine yet. */
  requests: v.array(requestStatus),
  standbys: v.array(standby),
})
/** What the machine room is doing. */
export type ServerStatus = v.InferOutput<typeof status>

/** What each method answers; the client checks it on arrival. */
export const methodResults = {
  acquire: lease,
  label: v.null(),
  restore: lease,
  snapshot: snapshotInfo,
  /** Its id, or why there is none. */
  save: v.union([v.object({ id: v.pipe(v.string(), v.regex(/^[0-9a-f]{8}$/)) }), v.object({ none: v.string() })]),
  snapshots: v.array(snapshotInfo),
  screenshot: screenshotResult,
  keyboard: v.null(),
  mouse: v.null(),
  clock: v.object({ time: v.number() }),
  reboot: lease,
  release: v.null(),
  hold: v.null(),
  install: v.object({ built: v.boolean() }),
  templates: v.array(template),
  claim: v.null(),
  keep: v.null(),
  drain: v.object({ left: v.number() }),
  status,
} as const
export type Result<M extends Method> = v.InferOutput<(typeof methodResults)[M]>

export const request = v.strictObject({
  id: v.pipe(v.number(), v.integer(), v.minValue(1)),
  method: v.picklist(Object.keys(methodParameters) as [Method, ...Method[]]),
  params: v.unknown(),
})

export const progress = v.object({
  event: v.literal('progress'),
  /** What is being done, for a person: "guest wine: installing packages". */
  phase: v.string(),
  /** 0 to 100, where it is known. */
  percent: v.optional(v.number()),
  /** What changes all the time while the phase stays: "1.2 of 4.5 GiB, 10.4 MiB/s, 5 min 03 s left". */
  detail: v.optional(v.string()),
})
export const linkLost = v.object({
  event: v.literal('link-lost'),
  error: v.object({ code: v.string(), message: v.string() }),
  /** The machine still runs and its agent is waited for: `link-restored` follows, or `link-lost` without retrying. */
  retrying: v.boolean(),
})
/** The machine's agent answers again. What ran before the link was lost is gone. */
export const linkRestored = v.object({ event: v.literal('link-restored') })
/** What a server says by itself. A client ignores events it does not know. */
export const serverEvent = v.variant('event', [progress, linkLost, linkRestored])
export type ServerEvent = v.InferOutput<typeof serverEvent>
export type Progress = Omit<v.InferOutput<typeof progress>, 'event'>

export const response = v.union([
  v.object({ id: v.number(), result: v.unknown() }),
  v.object({ id: v.number(), error: v.object({ code: v.string(), message: v.string() }) }),
])

/**
 * What the viewer's page says on its websocket, `/v1/watch`: text for the window that has the focus. The server answers
 * as it does a request, and says a `WatchEvent` whenever something has changed, and now and then while nothing has.
 */
const watchRequestId = v.pipe(v.number(), v.integer(), v.minValue(1))
const watchText = v.strictObject({
  machine: v.string(),
  text: v.pipe(v.string(), v.minLength(1), v.maxLength(10_000)),
})
export const watchRequest = v.variant('method', [
  v.strictObject({ id: watchRequestId, method: v.literal('type'), params: watchText }),
  v.strictObject({ id: watchRequestId, method: v.literal('set-clipboard'), params: watchText }),
  v.strictObject({
    id: watchRequestId,
    method: v.literal('clipboard'),
    params: v.strictObject({ machine: v.string() }),
  }),
])

/** What the viewer's page is told. */
export interface WatchEvent {
  readonly event: 'status'
  readonly status: ServerStatus
}
