import type { BackupId } from '../../../engine/base/backup-id.ts'
import {
  type BackupRhythm,
  type FutureBackup,
  futureBackups,
  rhythmOf,
} from '../../../engine/base/backup-rhythm.ts'
import { countLeading } from '../../../engine/base/count-leading.ts'
import {
  backupFates,
  type BackupFate,
  type RetainedBackup,
  type RetentionPolicy,
  type RetentionRule,
  verdictAt,
} from '../../../engine/base/retention.ts'
import type { WalGrowth } from '../../../engine/base/storage-forecast.ts'
import type { WalSpan } from './wal-strip.ts'

const DAY_SECONDS = 86_400
const LEAST_DAYS = 61

/** What comes if backups go on as they have. Times are Unix seconds. */
export type Future = {
  readonly rhythm: BackupRhythm
  /** Newest first. */
  readonly backups: readonly FutureBackup[]
  readonly nowSeconds: number
  readonly untilSeconds: number
  /** Of what there is and of what comes. */
  readonly bytesOf: (id: BackupId) => number
}

/** As far ahead as there is past, but two months at least: as far as the picture goes. `retained` are newest first. */
export function futureOf(
  retained: readonly RetainedBackup[],
  bytes: ReadonlyMap<string, number>,
  aboutSeconds: number,
): Future {
  // The clock is told in hours here: what was taken since has been taken, not is to come.
  const nowSeconds = Math.max(aboutSeconds, retained[0]?.startSeconds ?? 0)
  const pastSeconds = nowSeconds - (retained.at(-1)?.startSeconds ?? nowSeconds)
  const untilSeconds = nowSeconds + Math.max(LEAST_DAYS * DAY_SECONDS, pastSeconds)
  const known = (id: BackupId): number => bytes.get(id) ?? 0
  const rhythm = rhythmOf(retained, known, nowSeconds)
  const backups =
    rhythm.kind === 'unknown' ? [] : futureBackups(rhythm.modes, retained, nowSeconds, untilSeconds)
  const coming = new Map<string, number>(backups.map((one) => [one.id, one.bytes]))
  return {
    rhythm,
    backups,
    nowSeconds,
    untilSeconds,
    bytesOf: (id) => coming.get(id) ?? known(id),
  }
}

/** How many of the first fates, which are of backups to come, are still to come at a moment. */
export function stillComing(fates: readonly BackupFate[], comingCount: number, seconds: number): number {
  return countLeading(fates, ({ backup }) => backup.startSeconds > seconds, comingCount)
}

/** How archived WAL grows, from what there is of it and the time that it covers; a day is the least that tells. */
export function walGrowthOf(spans: readonly WalSpan[], sizeBytes: number, isPurged: boolean): WalGrowth {
  const fromMs = Math.min(...spans.map((span) => span.fromMs))
  const toMs = Math.max(...spans.map((span) => span.toMs))
  const days = (toMs - fromMs) / 1000 / DAY_SECONDS
  const bytesPerDay = sizeBytes === 0 ? 0 : days >= 1 ? sizeBytes / days : undefined
  return { bytes: sizeBytes, bytesPerDay, isPurged }
}

/** Backups that nothing keeps any more at once if the pin of one ends then, and that are kept now. Newest first. */
export function freedByPin(
  retained: readonly RetainedBackup[],
  id: string,
  expireSeconds: number | undefined,
  {
    policy,
    rule,
    nowSeconds,
  }: Readonly<{ policy: RetentionPolicy; rule: RetentionRule; nowSeconds: number }>,
): readonly BackupId[] {
  const goesNow = (fates: readonly BackupFate[]): ReadonlySet<BackupId> =>
    new Set(fates.filter((fate) => verdictAt(fate, nowSeconds) === 'will-go').map(({ backup }) => backup.id))
  const before = goesNow(backupFates(retained, policy, rule))
  const changed = retained.map((one) => (one.id === id ? { ...one, expireSeconds } : one))
  return [...goesNow(backupFates(changed, policy, rule))].filter((one) => !before.has(one))
}
