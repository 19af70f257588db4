import { stat } from 'node:fs/promises'
import path from 'node:path'
import { mapConcurrently } from '../../base/concurrency.ts'
import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { type Backup, readContentList } from '../../catalog/backup.ts'
import { type BackupControl, versionNumber } from '../../format/backup-control.ts'
import type { ContentEntry } from '../../format/content-list.ts'
import { hasLegacyCrc } from '../../format/crc32c.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import { toBatches } from './batches.ts'
import { checkWalRange } from './check-wal.ts'
import { describeLost, findLostDatabases } from './lost-databases.ts'
import type { ProgressTicker } from './progress-ticker.ts'
import { contentRoot, isDirectoryEntry, isPaged } from './stored-versions.ts'
import { findUnlistedFiles } from './unlisted-files.ts'
import type { WorkerPool } from './worker-pool.ts'
import { checkFiles, type FileFinding, type FileToCheck, HEADER_MAP } from './check-files.ts'

/** Something that validation saw. `attention` is worth a look, `problem` means that the backup cannot be relied on. */
export type Finding = {
  readonly severity: 'ok' | 'attention' | 'problem'
  readonly code: string
  readonly instance: string
  readonly backupId: string
  /** Path below the directory of the backup, with the block for pages. */
  readonly where: string
  readonly message: string
}

/** What checking needs to know of the instance. */
export type CheckContext = {
  readonly archiveDirectory: string
  readonly walSegmentBytes: number
  readonly systemIdentifier: bigint
  readonly checksBlocks: boolean
  readonly pool: WorkerPool
  readonly ticker: ProgressTicker
  readonly run: Run
}

/** Before this version stored pages have no header map and are padded. */
const FIRST_WITH_HEADER_MAP = 20_400

/** Files beyond this many that no list names are summed up in one finding. */
const MOST_UNLISTED = 20

/** Checks files, pages and WAL of one backup (catalog format 9.1 and 9.2). Changes nothing. */
export async function checkBackup(
  backup: Backup,
  control: BackupControl,
  context: CheckContext,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const add: Add = (found) => {
    findings.push({ ...found, instance: backup.instance, backupId: backup.id })
  }
  const entries = await checkBackupFiles(backup, control, context, add)
  if (!findings.some(({ severity }) => severity === 'problem')) await checkWal(backup, control, context, add)
  if (entries !== undefined) await tellUnlisted(backup, entries, context, add)
  return findings
}

/** They harm nothing: restore passes them over. Nor does a directory that cannot be listed, whose own files were opened. */
async function tellUnlisted(
  { directory }: Backup,
  entries: readonly ContentEntry[],
  { run }: CheckContext,
  add: Add,
): Promise<void> {
  const tell = (where: string, message: string): void =>
    add({ severity: 'attention', code: 'file-unlisted', where, message })
  const found = await findUnlistedFiles(directory, entries, MOST_UNLISTED, run.signal).catch(
    (thrown: unknown) => {
      if (!(thrown instanceof EngineError) || thrown.code.startsWith('run.')) throw thrown
      tell('database', `whether all files are in the content list is not known: ${thrown.message}`)
    },
  )
  const { names, count } = found ?? { names: [], count: 0 }
  for (const name of names) tell(name, `file "${name}" is not in the content list; it is not restored`)
  if (count > names.length)
    tell('database', `${count - names.length} more files are not in the content list; they are not restored`)
}

/** Takes a finding of one backup. */
export type Add = (found: Pick<Finding, 'severity' | 'code' | 'where' | 'message'>) => void

/** What checking needs for the files alone. */
export type FileCheckContext = Pick<CheckContext, 'checksBlocks' | 'pool' | 'ticker' | 'run'> & {
  /** Contents are not read: files have to be there in their size, with their page headers. */
  readonly isQuick?: boolean
}

/**
 * Checks the content list and the stored files, not the WAL that the archive holds. Changes nothing. Gives the list,
 * unless it cannot be read.
 */
export async function checkBackupFiles(
  backup: Backup,
  control: BackupControl,
  context: FileCheckContext,
  add: Add,
): Promise<readonly ContentEntry[] | undefined> {
  let entries: readonly ContentEntry[]
  try {
    entries = await readContentList(backup)
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown
    add({
      severity: 'problem',
      code: 'content-list',
      where: 'backup_content.control',
      message: thrown.message,
    })
    return undefined
  }
  if (
    !entries.some(
      ({ path: name, externalDirNumber }) => name === 'global/pg_control' && externalDirNumber === 0,
    )
  ) {
    const message = 'the content list has no global/pg_control'
    add({ severity: 'problem', code: 'content-list', where: 'backup_content.control', message })
  }
  for (const found of await checkStoredFiles(backup, control, entries, context, add)) add(found)
  return entries
}

/** Checks the files of these entries as they lie in the directory of the backup. */
export async function checkStoredFiles(
  backup: Pick<Backup, 'directory'>,
  control: BackupControl,
  entries: readonly ContentEntry[],
  context: FileCheckContext,
  add: Add,
): Promise<readonly FileFinding[]> {
  const { pool, ticker, run } = context
  const files: FileToCheck[] = []
  for (const entry of entries) {
    if (isDirectoryEntry(entry) || entry.sizeBytes === 0) continue
    if (entry.sizeBytes > 0) files.push(fileToCheck(backup, entry))
    else if (control.mode === 'FULL') {
      const message = `a FULL backup stores every file, but "${entry.path}" is listed as unchanged`
      add({ severity: 'problem', code: 'content-list', where: entry.path, message })
    }
  }
  const version = versionNumber(control.programVersion ?? '')
  const isPadded = version < FIRST_WITH_HEADER_MAP
  const isQuick = context.isQuick ?? false
  const headerMapPath = path.join(backup.directory, HEADER_MAP)
  const mapFinding =
    isPadded || !(context.checksBlocks || isQuick) ? undefined : await checkHeaderMap(headerMapPath, files)
  const options = {
    headerMapPath: isPadded || mapFinding !== undefined ? undefined : headerMapPath,
    hasChecksums: control.checksumVersion > 0,
    checksBlocks: context.checksBlocks,
    isQuick,
    stopLsn: control.stopLsn,
    hasLegacyCrc: hasLegacyCrc(version),
    isPadded,
  }
  const found = await mapConcurrently(
    toBatches(files),
    pool.threads * 2,
    async (batch) => {
      const done = ticker.begin(batch.map(({ name }) => name))
      const result = await pool.run(checkFiles, { ...options, files: batch })
      done(batch.length)
      return result
    },
    run.signal,
  )
  return mapFinding === undefined ? found.flat() : [mapFinding, ...found.flat()]
}

/** A map that is not there, or not all of it, is told once and not for each of its files. */
async function checkHeaderMap(
  headerMapPath: string,
  files: readonly FileToCheck[],
): Promise<FileFinding | undefined> {
  const endBytes = files.reduce(
    (end, { headers }) => Math.max(end, headers === undefined ? 0 : headers.offset + headers.sizeBytes),
    0,
  )
  if (endBytes === 0) return undefined
  const finding = { severity: 'problem', where: HEADER_MAP } as const
  try {
    const { size } = await stat(headerMapPath)
    if (size >= endBytes) return undefined
    const message = `file "${HEADER_MAP}" has ${size} bytes, the content list needs ${endBytes}`
    return { ...finding, code: 'file-size', message }
  } catch (thrown) {
    if (!isMissing(thrown)) throw mapFileError(thrown, headerMapPath, 'read')
    return { ...finding, code: 'file-missing', message: `file "${HEADER_MAP}" is missing` }
  }
}

function fileToCheck(backup: Pick<Backup, 'directory'>, entry: ContentEntry): FileToCheck {
  const name = path.posix.join(contentRoot(entry), entry.path)
  return {
    storedPath: path.join(backup.directory, name),
    name,
    kind: name === 'database/global/pg_control' ? 'control' : isPaged(entry) ? 'data' : 'plain',
    sizeBytes: entry.sizeBytes,
    crc: entry.crc,
    compressAlgorithm: entry.compressAlgorithm,
    segmentNumber: entry.segmentNumber,
    headers: entry.headers,
  }
}

async function checkWal(
  backup: Backup,
  control: BackupControl,
  context: CheckContext,
  add: Add,
): Promise<void> {
  const { run } = context
  run.report({
    phase: 'validate-wal',
    doneBytes: 0,
    totalBytes: undefined,
    doneFiles: 0,
    totalFiles: undefined,
    currentFiles: [],
  })
  const checked = await checkWalRange({
    places: [
      control.isStream
        ? { directory: path.join(backup.directory, 'database', 'pg_wal'), kind: 'plain' }
        : { directory: context.archiveDirectory, kind: 'archive' },
    ],
    timeline: control.timeline,
    segmentBytes: context.walSegmentBytes,
    systemIdentifier: context.systemIdentifier,
    start: control.startLsn,
    stop: control.stopLsn,
    signal: run.signal,
  })
  if (checked.kind === 'complete') {
    const { databaseChanges } = checked
    if (!databaseChanges.some(({ kind }) => kind === 'copied')) return
    for (const lost of findLostDatabases(databaseChanges, await readContentList(backup)))
      add({
        severity: 'attention',
        code: 'database-lost',
        where: `database ${lost.place.databaseOid}`,
        message: describeLost(lost),
      })
    return
  }
  const { problem } = checked
  add({
    severity: 'problem',
    code: problem.what === 'missing' ? 'wal-missing' : 'wal-damaged',
    where: problem.segment,
    message: `${control.isStream ? 'WAL inside the backup' : 'WAL in the archive'}: ${problem.message}`,
  })
}
