import * as v from 'valibot'
import { type DialogMode, dialogsOption } from '../src/client/run-options.ts'
import { checkOptions } from '../src/protocol/check-options.ts'
import { toOsrunError } from '../src/protocol/errors.ts'
import { clockModes, networkModes } from '../src/protocol/messages.ts'
import {
  type Environment,
  nameOption,
  optionsFromEnvironment,
  type ServerOptions,
  serverOptionEntries,
} from '../src/runtime/settings.ts'
import { type RecipeOptions, recipesOption } from './recipes/options.ts'

export type { RecipeOptions }

/** Options of the test files' machines: in the config, or for one file in a docblock. */
export interface MachineOptions {
  /** Which Windows. Default `OSRUN_GUEST`, else `wine`. */
  readonly guest?: string
  /** The state in which a machine begins. Default `provisioned`. */
  readonly snapshot?: string
  /** Who gets a fresh machine: each test `file` (default), or each `test`. */
  readonly isolate?: 'file' | 'test'
  /** `sync` sets the guest's clock to the host's after a restore (default), `frozen` leaves it. */
  readonly clock?: 'sync' | 'frozen'
  /** `isolated` (default): the guest reaches nothing. `internet`: it does. */
  readonly network?: 'isolated' | 'internet'
  /**
   * When a test's screen, commands and their outputs are kept: `on-failure` (default), `always` or `never`. They go to
   * the folder `osrun` in Vitest's `attachmentsDir`, and to its reporters.
   */
  readonly artifacts?: 'on-failure' | 'always' | 'never'
  /**
   * Whether the machine's state is kept when a test fails and `artifacts` asks for evidence, for `osrun replay`: the first
   * time in a file, a few in a run. Default `true`; it costs some seconds each.
   */
  readonly replay?: boolean
  /**
   * What a dialog that nobody answers does to a command that waits for it: `fail` (default) ends the command, which then
   * rejects with DIALOG_OPEN; `ignore` waits on.
   */
  readonly dialogs?: DialogMode
}

/** Options of the plugin and of `environmentOptions.osrun`. Those of `ServerOptions` hold for the whole run. */
export interface OsrunOptions extends MachineOptions, ServerOptions {
  /**
   * States that are built once, by name, for `snapshot` and `win.restore`: before the first test file, and again when
   * what they are made of has changed.
   */
  readonly snapshots?: Readonly<Record<string, RecipeOptions>>
}

const machineEntries = {
  guest: nameOption,
  snapshot: nameOption,
  isolate: v.optional(v.picklist(['file', 'test'], '"file" or "test"')),
  clock: v.optional(v.picklist(clockModes, '"sync" or "frozen"')),
  network: v.optional(v.picklist(networkModes, '"isolated" or "internet"')),
  artifacts: v.optional(v.picklist(['on-failure', 'always', 'never'], '"on-failure", "always" or "never"')),
  replay: v.optional(v.boolean('true or false')),
  dialogs: dialogsOption,
}

const machineSchema = v.strictObject(machineEntries)
const schema = v.strictObject({ ...machineEntries, snapshots: recipesOption, ...serverOptionEntries })

/**
 * Options as they stand in `source`, checked.
 * @throws OsrunError BAD_OPTION
 */
export function parseOptions(options: unknown, source: string): OsrunOptions {
  return checkOptions(schema, options ?? {}, source) as OsrunOptions
}

/** Environment variable in which the global setup hands the config's options to the workers. */
export const defaultsVariable = 'OSRUN_DEFAULTS'

/** A machine's options, complete. */
export type ResolvedMachineOptions = Required<MachineOptions>

/**
 * What holds for one test file: its docblock, over the config, over environment variables, over the defaults. Vitest
 * drops the config's options where a file has a docblock; they come by `OSRUN_DEFAULTS`, too.
 * @param own what Vitest gave to the environment
 * @throws OsrunError BAD_OPTION
 */
export function resolveOptions(own: unknown, environment: Environment): ResolvedMachineOptions & OsrunOptions {
  const config = readDefaults(environment)
  return {
    ...{
      guest: 'wine',
      snapshot: 'provisioned',
      isolate: 'file',
      clock: 'sync',
      network: 'isolated',
      artifacts: 'on-failure',
      replay: true,
      dialogs: 'fail',
    },
    ...optionsFromEnvironment(environment),
    ...parseOptions(config, 'environmentOptions.osrun'),
    ...parseOwn(own, config),
  }
}

function parseOwn(own: unknown, config: unknown): OsrunOptions {
  if (config === undefined || JSON.stringify(own) === JSON.stringify(config)) {
    return parseOptions(unwrap(own), 'environmentOptions.osrun')
  }
  const source = "the docblock of this file (the whole run's options belong in the config)"
  return checkOptions(machineSchema, unwrap(own), source) as MachineOptions
}

/** In a docblock the options may stand as they do in the config, below `osrun`. */
function unwrap(own: unknown): unknown {
  const wrapped = typeof own === 'object' && own !== null && Object.keys(own).join() === 'osrun'
  return wrapped ? (own as { osrun: unknown }).osrun : (own ?? {})
}

function readDefaults(environment: Environment): unknown {
  try {
    const text = environment[defaultsVariable]
    return text === undefined ? undefined : JSON.parse(text)
  } catch (cause) {
    throw toOsrunError(new Error(`${defaultsVariable} is no JSON`, { cause }), 'BAD_OPTION')
  }
}
