import { type ModeAdvice, type ModeReason, modeReason } from '../../base/mode-reasons.ts'
import type { BackupMode } from '../../format/backup-control.ts'
import type { PtrackExtension } from '../../server/postgres/ptrack.ts'

/** What names the changed pages of a PTRACK backup. */
export type ChangeTracking =
  { readonly source: 'wal-summaries' } | { readonly source: 'ptrack'; readonly extension: PtrackExtension }

/** Whether a mode is possible now. */
export type Possibility<Known extends object = object> =
  | (Known & { readonly isPossible: true })
  | {
      readonly isPossible: false
      /** All of them hold; never empty. */
      readonly reasons: readonly ModeReason[]
      /** What makes it possible another time. */
      readonly advice: ModeAdvice | undefined
    }

/** What `AUTO` stands for, and why. */
export type ModeChoice = {
  readonly mode: BackupMode
  /** What speaks for it. */
  readonly reasons: readonly ModeReason[]
  /** Cheaper modes, with what speaks against each. */
  readonly passedOver: readonly { readonly mode: BackupMode; readonly reasons: readonly ModeReason[] }[]
}

/** What is known of each mode. */
export type AssessedModes = {
  readonly FULL: { readonly isPossible: true }
  readonly DELTA: Possibility
  readonly PAGE: Possibility<{
    /** WAL since the parent's start, unpacked: what is read before the first page is. */
    readonly walBytes: number
    /** Complete segments that the server has not archived yet: they are waited for. */
    readonly pendingSegments: number
  }>
  readonly PTRACK: Possibility<{
    readonly tracking: ChangeTracking
    /** Pages changed so far; undefined when not asked for, or not known within a few seconds. */
    readonly changedBlocks: number | undefined
  }>
}

/** PAGE is worth it for AUTO when WAL is at most this part of the cluster: DELTA reads in several threads, WAL in one. */
const WORTHWHILE_WAL = 1 / 4
/** As long as no more than this many segments are missing at the end, the archive counts as complete for AUTO. */
const SEGMENTS_IN_FLIGHT = 1

/**
 * The cheapest mode: PTRACK where changes are tracked; else PAGE where the archive holds all WAL since the parent's start,
 * but for a segment that may be on its way, that WAL is at most a quarter of the cluster, and the server is no standby (only
 * its primary finishes segments); else DELTA. Pure. Without a parent there is only FULL, and nothing to choose.
 */
export function chooseAutomatically(
  { PAGE, PTRACK }: Pick<AssessedModes, 'PAGE' | 'PTRACK'>,
  clusterBytes: number,
  isInRecovery: boolean,
): ModeChoice {
  if (PTRACK.isPossible)
    return { mode: 'PTRACK', reasons: [reasonOfTracking(PTRACK.tracking)], passedOver: [] }
  const noPtrack = { mode: 'PTRACK', reasons: PTRACK.reasons } as const
  const delta = (...reasons: readonly ModeReason[]): ModeChoice => ({
    mode: 'DELTA',
    reasons: [],
    passedOver: [noPtrack, { mode: 'PAGE', reasons }],
  })
  if (!PAGE.isPossible) return delta(...PAGE.reasons)
  if (isInRecovery)
    return delta(
      modeReason('on-standby', {}, 'a standby cannot finish the WAL segment that it would wait for'),
    )
  if (PAGE.pendingSegments > SEGMENTS_IN_FLIGHT) {
    const count = PAGE.pendingSegments
    return delta(modeReason('wal-pending', { count }, `${count} WAL segments are not in the archive yet`))
  }
  const { walBytes } = PAGE
  const values = { walBytes, clusterBytes }
  const wal = `the WAL since the parent (${walBytes} bytes)`
  const cluster = `a quarter of the cluster (${clusterBytes} bytes)`
  if (walBytes > clusterBytes * WORTHWHILE_WAL)
    return delta(modeReason('wal-large', values, `${wal} is more than ${cluster}`))
  const reason = modeReason('wal-small', values, `${wal} is archived and at most ${cluster}`)
  return { mode: 'PAGE', reasons: [reason], passedOver: [noPtrack] }
}

/** Reasons as English that is ready to follow a colon. */
export function describeReasons(reasons: readonly ModeReason[]): string {
  return reasons.map(({ text }) => text).join(', and ')
}

/** A choice as English that is ready to follow a colon. */
export function describeChoice({ reasons, passedOver }: ModeChoice): string {
  return [
    ...reasons.map(({ text }) => text),
    ...passedOver.map(({ mode, reasons: against }) => `no ${mode}, since ${describeReasons(against)}`),
  ].join('; ')
}

/** Who names the pages. */
function reasonOfTracking(tracking: ChangeTracking): ModeReason {
  if (tracking.source === 'wal-summaries')
    return modeReason('summaries-cover', {}, 'the server has summarized its WAL since the parent backup')
  const { version } = tracking.extension
  const text = `the extension ptrack ${version} has tracked changes since the parent backup`
  return modeReason('ptrack-covers', { version }, text)
}
