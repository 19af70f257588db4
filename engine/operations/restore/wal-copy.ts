import { LSN_NONE } from '../../base/lsn.ts'
import { type Timeline, findWalSegment, walSegmentName, walSegmentNumber } from '../../base/wal-segment.ts'
import type { WalArchive } from '../../catalog/wal-archive.ts'
import type { RecoveryTarget } from '../../format/recovery-settings.ts'
import { timelineHistoryFileName } from '../../format/timeline-history.ts'
import type { RestoreFacts, RestoreInput } from './restore-facts.ts'
import { WAL_DIRECTORIES } from './work-list.ts'

/** WAL that a restore copies out of the archive, so that the server needs nothing but its own `pg_wal`. */
export type WalCopy = {
  /** Names of segments in the order in which recovery reads them. What only the backup has is not among them. */
  readonly segments: readonly string[]
  /** Names of all timeline histories: servers follow them, and count from them when they begin a timeline. */
  readonly histories: readonly string[]
  /** So much larger than in the backup the WAL will be; segments are copied in full size. */
  readonly bytes: number
  /** The last segment that recovery will find, be it copied or of the backup. */
  readonly last: string | undefined
  /** The first segment that recovery needs and that neither archive nor backup has. */
  readonly missing: string | undefined
  /** `target`: up to where recovery stops; `at-most`: that is not known yet; `archive`: recovery goes on as long as it can. */
  readonly extent: 'target' | 'at-most' | 'archive'
}

/** Whether recovery goes on until there is no more WAL. */
function isOpenEnded(target: RecoveryTarget | undefined): boolean {
  return target === undefined || target.kind === 'latest'
}

/**
 * Which segments are copied: of every number the one that a server would take, of the newest timeline that has begun by
 * then, and never again of an older one. Up to `input.walThrough`; where that is not known, up to the first gap. Undefined
 * when WAL is not copied. Pure.
 * Source: PostgreSQL `src/backend/access/transam/xlogrecovery.c`, `XLogFileReadAnyTLI`.
 */
export function planWalCopy(
  input: Pick<RestoreInput, 'walThrough' | 'target'>,
  { walSource, backup, chain }: Pick<RestoreFacts, 'walSource' | 'backup' | 'chain'>,
): WalCopy | undefined {
  if (walSource === undefined) return undefined
  const { archive, path } = walSource
  const { segmentBytes } = archive
  const { startLsn, stopLsn } = backup.control
  const end =
    input.walThrough === undefined ? undefined : findWalSegment(input.walThrough, segmentBytes)?.number
  const archived = new Set(
    archive.timelines.flatMap(({ timeline, files }) =>
      files
        .filter(({ kind }) => kind === 'segment' || kind === 'partial')
        .map(({ number }) => walSegmentName({ timeline, number }, segmentBytes)),
    ),
  )
  const own = ownWal(chain)
  const extent = end !== undefined ? 'target' : isOpenEnded(input.target) ? 'archive' : 'at-most'
  const isNeeded = (number: bigint): boolean => {
    if (end !== undefined || number <= walSegmentNumber(stopLsn, segmentBytes)) return true
    // Recovery that is to go on for as long as it can is to come to its timeline at least.
    return extent === 'archive' && number < walSegmentNumber(path.at(-1)?.begin ?? LSN_NONE, segmentBytes)
  }
  const segments: string[] = []
  let reached: Timeline = 0
  let bytes = 0
  let last: string | undefined
  let missing: string | undefined
  for (let number = walSegmentNumber(startLsn, segmentBytes); ; number++) {
    if (end !== undefined && number > end) break
    const asked = path
      .filter(({ timeline, begin }) => timeline >= reached && walSegmentNumber(begin, segmentBytes) <= number)
      .map(({ timeline }) => ({ timeline, name: walSegmentName({ timeline, number }, segmentBytes) }))
      .toReversed()
    const found = asked.find(({ name }) => archived.has(name) || own.has(name))
    if (found === undefined) {
      if (isNeeded(number)) missing = asked[0]?.name
      break
    }
    reached = found.timeline
    last = found.name
    if (!archived.has(found.name)) continue
    segments.push(found.name)
    bytes += Math.max(0, segmentBytes - (own.get(found.name) ?? 0))
  }
  return { segments, histories: historiesOf(archive), bytes, last, missing, extent }
}

/** Where the WAL of the restored cluster is, relative to its data directory. */
export function walDirectoryName(chain: RestoreFacts['chain']): string {
  const entry = chain[0]?.entries.find(
    ({ path, externalDirNumber }) => externalDirNumber === 0 && WAL_DIRECTORIES.has(path),
  )
  return entry?.path ?? 'pg_wal'
}

/** Segments that come with the backup, and their sizes. */
function ownWal(chain: RestoreFacts['chain']): ReadonlyMap<string, number> {
  const directory = `${walDirectoryName(chain)}/`
  return new Map(
    (chain[0]?.entries ?? [])
      .filter(({ path, externalDirNumber }) => externalDirNumber === 0 && path.startsWith(directory))
      .map(({ path, fullBytes }) => [path.slice(directory.length), Math.max(0, fullBytes)]),
  )
}

function historiesOf({ timelines, problems }: WalArchive): readonly string[] {
  const read = timelines
    .filter(({ history }) => history !== undefined)
    .map(({ timeline }) => timelineHistoryFileName(timeline))
  return [...read, ...problems.map(({ name }) => name)].toSorted()
}
