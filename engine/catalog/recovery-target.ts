import { EngineError } from '../base/engine-error.ts'
import { formatLsn, type Lsn, parseLsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import type { RecoveryTarget } from '../format/recovery-settings.ts'
import { formatTargetTime, parseTargetTime } from './recovery-time-text.ts'

/** A recovery target that has been read: where recovery is to stop. */
export type ReadTarget =
  /** Unix microseconds. Inclusive: what was committed at that very microsecond is there. */
  | { readonly kind: 'time'; readonly micros: bigint; readonly isInclusive: boolean }
  /** The 32 bits that WAL holds; the epoch is undefined when none was given. */
  | {
      readonly kind: 'xid'
      readonly xid: number
      readonly epoch: number | undefined
      readonly isInclusive: boolean
    }
  | { readonly kind: 'lsn'; readonly lsn: Lsn; readonly isInclusive: boolean }
  | { readonly kind: 'name'; readonly name: string }
  /** The end of the backup that is restored. */
  | { readonly kind: 'immediate' }
  | { readonly kind: 'latest' }

/** Which timeline recovery follows. `current` is that of the backup. */
export type TargetTimeline = Timeline | 'current' | 'latest'

/** What a user may say about a target, each as text. More than one kind of target is refused. */
export type TargetOptions = {
  readonly time?: string | undefined
  readonly xid?: string | undefined
  readonly lsn?: string | undefined
  readonly name?: string | undefined
  /** `immediate` or `latest`. */
  readonly target?: string | undefined
  readonly isInclusive?: boolean | undefined
  readonly timeline?: string | undefined
  readonly action?: string | undefined
}

/** The options, read and found to fit together. */
export type ReadTargetOptions = {
  readonly target: ReadTarget | undefined
  readonly timeline: TargetTimeline | undefined
  readonly action: TargetAction | undefined
}

export type TargetAction = 'pause' | 'promote' | 'shutdown'

const KINDS = ['time', 'xid', 'lsn', 'name', 'target'] as const
const ACTIONS = ['pause', 'promote', 'shutdown'] as const satisfies readonly TargetAction[]
/** Source: PostgreSQL `src/include/access/xlog_internal.h`, `MAXFNAMELEN` with its final null byte. */
const MOST_NAME_BYTES = 63
/** Source: PostgreSQL `src/include/access/transam.h`, `FirstNormalTransactionId`. */
const FIRST_XID = 3n
const MOST_TIMELINE = 0xffff_ffff

/**
 * Reads what was asked for. Exactly one kind of target or none; inclusive or not only with a time, a transaction ID or an
 * LSN; an action only with a target. `zone` stands in where a time has no offset; without it such a time is refused.
 * Source: `catalog-format.md` section 10.2.
 *
 * @throws {EngineError} `usage.invalid` when options contradict each other, `value.malformed` for one that cannot be read
 */
export function readTargetOptions(
  options: TargetOptions,
  { zone }: { readonly zone?: string } = {},
): ReadTargetOptions {
  const [kind, second] = KINDS.filter((one) => options[one] !== undefined)
  if (kind !== undefined && second !== undefined) {
    throw new EngineError('usage.invalid', `a ${kind} and a ${second} cannot be targets at once`, {
      hint: 'Give exactly one recovery target.',
    })
  }
  const target = kind === undefined ? undefined : readOne(kind, options, zone)
  if (options.isInclusive !== undefined && (target === undefined || !('isInclusive' in target))) {
    throw new EngineError('usage.invalid', 'inclusive or not has no meaning without a time, xid or LSN', {
      hint: 'Leave it out, or give a time, a transaction ID or an LSN as the target.',
    })
  }
  if (options.action !== undefined && target === undefined) {
    throw new EngineError('usage.invalid', 'an action at the target needs a target', {
      hint: 'Leave the action out, or give a recovery target.',
    })
  }
  return {
    target,
    timeline: options.timeline === undefined ? undefined : readTargetTimeline(options.timeline),
    action: options.action === undefined ? undefined : readAction(options.action),
  }
}

/**
 * Reads a target as requests and settings hold it.
 *
 * @throws {EngineError} `usage.invalid`, `value.malformed`, as {@link readTargetOptions}
 */
export function readTarget(
  target: RecoveryTarget,
  { isInclusive, zone }: { readonly isInclusive?: boolean | undefined; readonly zone?: string } = {},
): ReadTarget {
  const read = readTargetOptions(
    { ...optionsOf(target), isInclusive },
    zone === undefined ? {} : { zone },
  ).target
  if (read === undefined) throw new EngineError('value.malformed', 'there is no recovery target')
  return read
}

/** The target as settings hold it, times in UTC; what {@link readTarget} reads again, but for `isInclusive`. */
export function formatTarget(target: ReadTarget): RecoveryTarget {
  switch (target.kind) {
    case 'time':
      return { kind: 'time', at: formatTargetTime(target.micros) }
    case 'xid':
      return { kind: 'xid', xid: String((BigInt(target.epoch ?? 0) << 32n) | BigInt(target.xid)) }
    case 'lsn':
      return { kind: 'lsn', lsn: formatLsn(target.lsn) }
    case 'name':
    case 'immediate':
    case 'latest':
      return target
  }
}

/**
 * Reads a timeline: a decimal number from 1, `current` or `latest`.
 *
 * @throws {EngineError} `value.malformed`
 */
export function readTargetTimeline(text: string): TargetTimeline {
  if (text === 'current' || text === 'latest') return text
  const timeline = /^[0-9]{1,10}$/.test(text) ? Number(text) : 0
  if (timeline < 1 || timeline > MOST_TIMELINE) {
    throw new EngineError('value.malformed', `"${text}" is not a timeline`, {
      hint: 'Give its number, "current" or "latest".',
    })
  }
  return timeline
}

function optionsOf(target: RecoveryTarget): TargetOptions {
  switch (target.kind) {
    case 'time':
      return { time: target.at }
    case 'xid':
      return { xid: target.xid }
    case 'lsn':
      return { lsn: target.lsn }
    case 'name':
      return { name: target.name }
    case 'immediate':
    case 'latest':
      return { target: target.kind }
  }
}

function readOne(kind: (typeof KINDS)[number], options: TargetOptions, zone: string | undefined): ReadTarget {
  const text = options[kind] ?? ''
  const isInclusive = options.isInclusive ?? true
  switch (kind) {
    case 'time':
      return { kind, micros: parseTargetTime(text, zone), isInclusive }
    case 'xid':
      return { kind, ...readXid(text), isInclusive }
    case 'lsn':
      return { kind, lsn: parseLsn(text), isInclusive }
    case 'name':
      return { kind, name: readName(text) }
    case 'target':
      if (text === 'immediate' || text === 'latest') return { kind: text }
      throw new EngineError('value.malformed', `"${text}" is not a recovery target`, {
        hint: 'Say "immediate" or "latest", or give a time, an xid, an LSN or a name.',
      })
  }
}

/** Servers take the number with its epoch and compare the low 32 bits alone. */
function readXid(text: string): { readonly xid: number; readonly epoch: number | undefined } {
  const whole = /^[0-9]{1,20}$/.test(text) ? BigInt(text) : 0n
  const xid = whole & 0xffff_ffffn
  if (whole >> 64n !== 0n || xid < FIRST_XID) {
    throw new EngineError('value.malformed', `"${text}" is not a transaction ID`, {
      hint: 'Give a number from 3, as pg_current_xact_id() does, with or without its epoch.',
    })
  }
  return { xid: Number(xid), epoch: whole > 0xffff_ffffn ? Number(whole >> 32n) : undefined }
}

function readName(text: string): string {
  if (text === '' || text.includes('\0') || new TextEncoder().encode(text).length > MOST_NAME_BYTES) {
    throw new EngineError('value.malformed', `"${text}" is not the name of a restore point`, {
      hint: `It has 1 to ${MOST_NAME_BYTES} bytes.`,
    })
  }
  return text
}

function readAction(text: string): TargetAction {
  const action = ACTIONS.find((one) => one === text)
  if (action !== undefined) return action
  throw new EngineError('value.malformed', `"${text}" is not an action at the target`, {
    hint: 'Say "pause", "promote" or "shutdown".',
  })
}
