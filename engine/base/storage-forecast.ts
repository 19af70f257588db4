import type { BackupId } from './backup-id.ts'
import { type BackupRhythm, bytesPerDay } from './backup-rhythm.ts'
import { countLeading } from './count-leading.ts'
import type { BackupFate } from './retention.ts'

/** What is known of archived WAL: how much there is, how much comes in a day, and whether what nobody needs goes. */
export type WalGrowth = {
  readonly bytes: number
  /** Undefined where the archive is too young to tell. */
  readonly bytesPerDay: number | undefined
  readonly isPurged: boolean
}

export type ForecastInput = {
  /** Of what there is and of what comes ({@link BackupFate} with `nowSeconds`), newest first. */
  readonly fates: readonly BackupFate[]
  readonly bytesOf: (id: BackupId) => number
  readonly rhythm: BackupRhythm
  readonly mergesExpired: boolean
  readonly wal: WalGrowth
  /** Undefined where it cannot be told. */
  readonly freeBytes: number | undefined
  readonly nowSeconds: number
  readonly untilSeconds: number
}

/** How full the place of a catalog gets. Times are Unix seconds; of an instance, for others there grow as well. */
export type StorageForecast =
  | { readonly kind: 'unknown'; readonly why: 'few' | 'stopped'; readonly occupiedBytes: number }
  | {
      readonly kind: 'known'
      /** Now, before anything is deleted. */
      readonly occupiedBytes: number
      /** What it may occupy before nothing is free. */
      readonly capacityBytes: number | undefined
      readonly backupBytesPerDay: number
      readonly walBytesPerDay: number | undefined
      /** With nothing deleted; Infinity without growth, undefined where free space is not known. */
      readonly fullAtRate: number | undefined
      /** With the policy applied all the time; undefined where it does not fill before the end. */
      readonly fullUnderPolicy: number | undefined
      /** The fullest that it gets under the policy. */
      readonly most: StoragePoint
      /** From now to the end, ascending: what it occupies from then on under the policy. */
      readonly points: readonly StoragePoint[]
    }

export type StoragePoint = { readonly seconds: number; readonly bytes: number }

const DAY_SECONDS = 86_400

/**
 * What the backups and the WAL of an instance will occupy if backups go on as they have and the policy is applied as soon
 * as something is due. Pure. Merging frees increments as they expire; the increment that a FULL is brought up to counts
 * still, so that what is told is rather too much.
 */
export function forecastStorage(input: ForecastInput): StorageForecast {
  const { fates, bytesOf, rhythm, wal, freeBytes, nowSeconds } = input
  const occupiedBytes =
    wal.bytes +
    fates.reduce((sum, { backup }) => (backup.startSeconds <= nowSeconds ? sum + bytesOf(backup.id) : sum), 0)
  if (rhythm.kind === 'unknown') return { kind: 'unknown', why: rhythm.why, occupiedBytes }
  const backupBytesPerDay = bytesPerDay(rhythm.modes)
  const perDay = backupBytesPerDay + (wal.bytesPerDay ?? 0)
  const capacityBytes = freeBytes === undefined ? undefined : occupiedBytes + freeBytes
  const points = pointsOf(input)
  const [first = { seconds: nowSeconds, bytes: occupiedBytes }] = points
  return {
    kind: 'known',
    occupiedBytes,
    capacityBytes,
    backupBytesPerDay,
    walBytesPerDay: wal.bytesPerDay,
    fullAtRate:
      freeBytes === undefined
        ? undefined
        : perDay > 0
          ? nowSeconds + (freeBytes / perDay) * DAY_SECONDS
          : Number.POSITIVE_INFINITY,
    fullUnderPolicy:
      capacityBytes === undefined ? undefined : points.find(({ bytes }) => bytes > capacityBytes)?.seconds,
    most: points.reduce((most, point) => (point.bytes > most.bytes ? point : most), first),
    points,
  }
}

/** What is occupied at a moment under the policy; undefined where nothing can be told. */
export function occupiedAt(forecast: StorageForecast, seconds: number): number | undefined {
  if (forecast.kind === 'unknown') return undefined
  const { points } = forecast
  return points[countLeading(points, (point) => point.seconds <= seconds) - 1]?.bytes
}

type Event = { readonly seconds: number; readonly bytes: number }

function pointsOf(input: ForecastInput): readonly StoragePoint[] {
  const { fates, bytesOf, mergesExpired, nowSeconds, untilSeconds } = input
  const lives = fates.map((fate) => {
    const { backup, policyEnds, pinEnds, goesAt } = fate
    const isFreedAlone = mergesExpired && backup.mode !== 'FULL'
    return {
      startSeconds: backup.startSeconds,
      endSeconds: isFreedAlone ? Math.max(policyEnds, pinEnds) : goesAt,
      bytes: bytesOf(backup.id),
    }
  })
  const events: Event[] = [
    { seconds: nowSeconds, bytes: 0 },
    { seconds: untilSeconds, bytes: 0 },
  ]
  for (const { startSeconds, endSeconds, bytes } of lives) {
    const from = Math.max(nowSeconds, startSeconds)
    if (endSeconds <= from || from > untilSeconds) continue
    events.push({ seconds: from, bytes })
    if (endSeconds <= untilSeconds) events.push({ seconds: endSeconds, bytes: -bytes })
  }
  events.sort((a, b) => a.seconds - b.seconds)
  const walAt = walReader(input, lives)
  const points: StoragePoint[] = []
  let bytes = 0
  for (const [at, event] of events.entries()) {
    bytes += event.bytes
    if (events[at + 1]?.seconds === event.seconds) continue
    points.push({ seconds: event.seconds, bytes: bytes + walAt(event.seconds) })
  }
  return points
}

/** WAL at moments that are asked for in ascending order: from the oldest backup that is kept on, where it is purged. */
function walReader(
  { wal, nowSeconds }: ForecastInput,
  lives: readonly { readonly startSeconds: number; readonly endSeconds: number }[],
): (seconds: number) => number {
  const perSecond = (wal.bytesPerDay ?? 0) / DAY_SECONDS
  const oldestFirst = lives.toSorted((a, b) => a.startSeconds - b.startSeconds)
  let oldest = 0
  return (seconds) => {
    const unpurged = wal.bytes + perSecond * (seconds - nowSeconds)
    if (!wal.isPurged || wal.bytesPerDay === undefined) return unpurged
    while (oldest < oldestFirst.length && (oldestFirst[oldest]?.endSeconds ?? 0) <= seconds) oldest++
    const from = Math.min(seconds, oldestFirst[oldest]?.startSeconds ?? seconds)
    return Math.min(unpurged, perSecond * (seconds - from))
  }
}
