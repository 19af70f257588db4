import type { Run } from '../../base/run.ts'
import { EngineError } from '../../base/engine-error.ts'
import { formatLsn, type Lsn } from '../../base/lsn.ts'
import { readContentList } from '../../catalog/backup.ts'
import type { KnownBackup } from '../../catalog/parent.ts'
import type { BackupControl } from '../../format/backup-control.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { type ChangedPages, PageMap } from '../../format/page-map.ts'
import type { Session } from '../../server/connection.ts'
import type { ServerFacts } from '../../server/postgres/facts.ts'
import { readPtrackMaps } from '../../server/postgres/ptrack.ts'
import type { Basis } from './basis.ts'
import type { FileToCopy } from './file-copy.ts'
import type { SourceEntry } from './list-files.ts'
import { intervalsBetween, readChangedPages, type WalInterval } from './pages-by-wal.ts'
import { type BackupWal, waitForSegment } from './stream-wal.ts'
import { readSummarizedPages } from './pages-by-summaries.ts'

/** What the files of an increment are held against. */
export type Increment = {
  /** Pages that are older need not be copied: the start LSN of the parent, never its stop. */
  readonly horizon: Lsn
  /** Whether a page's LSN decides; without it every page that is named has changed. */
  readonly filtersByLsn: boolean
  /** Undefined where every page is to be looked at. */
  readonly changedPages: ChangedPages | undefined
  readonly parentStartSeconds: number
  /** By {@link keyOf}. */
  readonly parentEntries: ReadonlyMap<string, ContentEntry>
  /** Data files of which it is known, without reading them, that the parent has all. */
  readonly unchangedFiles?: ReadonlySet<SourceEntry>
}

/** What planning an increment needs of the backup that is under way. */
type Plan = {
  readonly basis: Basis
  readonly control: BackupControl
  readonly facts: ServerFacts
  readonly session: Session
  /** Where the WAL that a PAGE backup reads is. */
  readonly archive: BackupWal
  readonly timeoutMs: number
  readonly run: Run
}

/** What the files that were listed are held against; undefined for a FULL. */
export async function planIncrement(
  plan: Plan,
  { startLsn, sources }: { readonly startLsn: Lsn; readonly sources: readonly SourceEntry[] },
): Promise<Increment | undefined> {
  const { basis, facts, run } = plan
  if (basis.mode === 'FULL') return undefined
  const known = await readParent(basis.parent, {
    startLsn,
    externalDirs: plan.control.externalDirs,
  })
  run.log.info(`holding files against backup ${basis.parent.id}, which starts at ${formatLsn(known.horizon)}`)
  if (basis.mode === 'DELTA') return { ...known, filtersByLsn: true, changedPages: undefined }
  const { timeline } = plan.archive
  const intervals = intervalsBetween(basis.history, basis.parent.control, { timeline, startLsn })
  if (basis.mode === 'PAGE') {
    const changedPages = await readArchivedPages(plan, intervals, startLsn, sources)
    return { ...known, filtersByLsn: false, changedPages }
  }
  const { session, timeoutMs } = plan
  const changedPages =
    basis.tracking.source === 'ptrack'
      ? pagesOfMaps(await readPtrackMaps(session, basis.tracking.extension, known.horizon, run))
      : await readSummarizedPages(
          session,
          { major: facts.major, path: intervals },
          { sources, versionDirectory: facts.tablespaceVersionDirectory },
          timeoutMs,
          run,
        )
  const count = [...changedPages.values()].reduce((sum, map) => sum + map.count, 0)
  const source = basis.tracking.source === 'ptrack' ? 'ptrack' : 'the WAL summaries'
  run.log.info(
    `${source} from ${formatLsn(known.horizon)} to ${formatLsn(startLsn)} names ${count} pages in ${changedPages.size} files`,
  )
  // The map of ptrack may name pages that have not changed, which their LSNs tell.
  return { ...known, filtersByLsn: basis.tracking.source === 'ptrack', changedPages }
}

async function readArchivedPages(
  { archive, facts, timeoutMs, run }: Plan,
  intervals: readonly WalInterval[],
  startLsn: Lsn,
  sources: readonly SourceEntry[],
): Promise<ChangedPages> {
  // The segment in which this backup starts is the last one that is read.
  await waitForSegment(archive, startLsn, timeoutMs, run)
  return await readChangedPages({
    places: [archive.place],
    intervals,
    segmentBytes: archive.segmentBytes,
    systemIdentifier: archive.systemIdentifier,
    versionDirectory: facts.tablespaceVersionDirectory,
    sources,
    signal: run.signal,
    report: (doneBytes, totalBytes) =>
      run.report({
        phase: 'read-wal',
        doneBytes,
        totalBytes,
        doneFiles: 0,
        totalFiles: undefined,
        currentFiles: [],
      }),
  })
}

function pagesOfMaps(maps: ReadonlyMap<string, Uint8Array>): ChangedPages {
  return new Map([...maps].map(([path, bits]) => [path, new PageMap(bits)]))
}

/**
 * A stop before the parent's would mean that the server went back in time meanwhile.
 *
 * @throws {EngineError} `plan.refused`
 */
export function requireAfterParent(basis: Basis, stopLsn: Lsn): void {
  if (basis.mode === 'FULL' || stopLsn >= basis.parent.control.stopLsn) return
  throw new EngineError('plan.refused', `the backup stops before its parent ${basis.parent.id} does`, {
    hint: 'The cluster was set back since then: take a FULL backup.',
  })
}

/**
 * Reads what the parent holds. Files of external directories count as known only where both backups have the same
 * directories: they are told apart by number alone.
 *
 * @throws {EngineError} `plan.refused` when the parent cannot be built on
 */
async function readParent(
  parent: KnownBackup,
  own: {
    readonly startLsn: Lsn
    readonly externalDirs: string | undefined
  },
): Promise<Pick<Increment, 'horizon' | 'parentStartSeconds' | 'parentEntries'>> {
  const { control } = parent
  if (control.startLsn > own.startLsn) {
    throw new EngineError(
      'plan.refused',
      `backup ${parent.id} starts at ${formatLsn(control.startLsn)}, after this one at ${formatLsn(own.startLsn)}`,
      { hint: 'The cluster was set back since then: take a FULL backup.' },
    )
  }
  const entries = await readContentList(parent)
  const hasSameExternals = control.externalDirs === own.externalDirs
  return {
    horizon: control.startLsn,
    parentStartSeconds: control.startSeconds,
    parentEntries: new Map(
      entries
        .filter(({ externalDirNumber }) => externalDirNumber === 0 || hasSameExternals)
        .map((entry) => [keyOf(entry), entry]),
    ),
  }
}

/** Files whose content decides what other files mean are never left out, whatever their time says. */
const ALWAYS_STORED = /(?:^|\/)pg_filenode\.map$/

/** What a worker needs to leave out of a file what the parent has; undefined for a file that is stored whole. */
export function sinceParent(
  source: SourceEntry,
  increment: Increment,
): Pick<FileToCopy, 'pages' | 'known'> | undefined {
  const entry = increment.parentEntries.get(keyOf(source))
  if (entry === undefined || source.isDirectory) return undefined
  if (source.isDataFile) {
    const map = increment.changedPages?.get(source.path)
    return {
      pages: {
        horizon: increment.filtersByLsn ? increment.horizon : undefined,
        map: increment.changedPages === undefined ? undefined : (map?.toBytes() ?? new Uint8Array(0)),
        listedBytes: source.sizeBytes,
      },
    }
  }
  if (source.sizeBytes === 0 || entry.fullBytes !== source.sizeBytes) return undefined
  if (ALWAYS_STORED.test(source.path)) return undefined
  if (source.modifiedMs > increment.parentStartSeconds * 1000) return undefined
  return { known: { crc: entry.crc } }
}

/** What a file is called in both lists; external directories are told apart by number. */
export function keyOf({
  path,
  externalDirNumber,
}: {
  readonly path: string
  readonly externalDirNumber: number
}): string {
  return `${externalDirNumber}:${path}`
}
