import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { BackupId } from '../base/backup-id.ts'
import { EngineError } from '../base/engine-error.ts'
import {
  type BackupControl,
  type BackupStatus,
  formatBackupControl,
  parseBackupControl,
} from '../format/backup-control.ts'
import { type ContentEntry, formatContentList, parseContentList } from '../format/content-list.ts'
import { crc32c, hasLegacyCrc, legacyCrc32 } from '../format/crc32c.ts'
import { versionNumber } from '../format/backup-control.ts'
import { isWalSegmentName } from '../format/file-names.ts'
import { overwriteDurably, writeFileDurably } from '../host/durable-file.ts'
import { mapFileError } from '../host/file-error.ts'
import { readSmallFile } from '../host/small-file.ts'
import { CONTENT_FILE, CONTROL_FILE } from './paths.ts'

/** One backup as it lies in the catalog. */
export type Backup = {
  readonly id: BackupId
  readonly instance: string
  readonly directory: string
  /** Undefined when `backup.control` is missing or cannot be read; `problem` says why. */
  readonly control: BackupControl | undefined
  readonly problem: string | undefined
}

const UNREAD = 'backup.control cannot be read'
const EMPTY = 'backup.control is empty'

/**
 * Whether there is a control file that says nothing now: another program, user or moment may read it. An empty one counts,
 * and half of one: that is what a copy of a catalog on a full disk has of a sound backup.
 */
export function isUnread({ control, problem }: Pick<Backup, 'control' | 'problem'>): boolean {
  return control === undefined && (problem === EMPTY || problem?.startsWith(UNREAD) === true)
}

/** Reads `backup.control`. A file that cannot be read is said, not thrown: the backup is still listed. */
export function readControl(directory: string): Pick<Backup, 'control' | 'problem'> {
  try {
    const { control } = parseBackupControl(readSmallFile(path.join(directory, CONTROL_FILE)))
    return control === undefined ? { control, problem: EMPTY } : { control, problem: undefined }
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown)
    const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT'
    return {
      control: undefined,
      problem: isMissing ? 'backup.control is missing' : `${UNREAD}: ${message}`,
    }
  }
}

/** Writes `backup.control` whole, atomic and durable. The caller holds a lock. */
export async function writeBackupControl(directory: string, control: BackupControl): Promise<void> {
  await writeFileDurably(path.join(directory, CONTROL_FILE), formatBackupControl(control), { mode: 0o600 })
}

/**
 * Writes `backup.control` of a backup that has failed or is about to be deleted, on a full disk too: the old file is
 * overwritten then, in the block that it has. Should a power cut tear it, nobody may use that backup anyway.
 */
export async function writeLastControl(directory: string, control: BackupControl): Promise<void> {
  try {
    await writeBackupControl(directory, control)
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code !== 'storage.full') throw thrown
    await overwriteDurably(path.join(directory, CONTROL_FILE), formatBackupControl(control))
  }
}

/**
 * Changes the status and nothing else, reading the file anew; writes only what differs. The caller holds a lock.
 *
 * @throws {EngineError} `format.damaged` when the file cannot be read
 */
export async function changeStatus(directory: string, status: BackupStatus): Promise<void> {
  const { control, problem } = readControl(directory)
  if (control === undefined)
    throw new EngineError('format.damaged', `${directory}: ${problem ?? 'no control file'}`)
  if (control.status === status) return
  // Deleting is what makes room on a full disk.
  const write = status === 'DELETING' ? writeLastControl : writeBackupControl
  await write(directory, { ...control, status })
}

/**
 * Reads the content list and checks it against the checksum in the control file.
 *
 * @throws {EngineError} `format.damaged`, `storage.not-found`
 */
export async function readContentList(
  backup: Pick<Backup, 'directory' | 'control' | 'id'>,
): Promise<readonly ContentEntry[]> {
  const file = path.join(backup.directory, CONTENT_FILE)
  const bytes = await readFile(file).catch((thrown: unknown) => {
    throw mapFileError(thrown, file, 'read')
  })
  const expected = backup.control?.contentCrc ?? 0
  if (expected !== 0) {
    const crcOf = hasLegacyCrc(versionNumber(backup.control?.programVersion ?? '')) ? legacyCrc32 : crc32c
    const found = crcOf(bytes)
    if (found !== expected) {
      throw new EngineError(
        'format.damaged',
        `the content list of backup ${backup.id} has the checksum ${found}, backup.control says ${expected}`,
        { hint: 'The list of files is damaged; restore another backup.', facts: { backup: backup.id } },
      )
    }
  }
  return parseContentList(bytes.toString('utf8'))
}

/** What a content list adds up to (catalog format 3.4), and its checksum for `content-crc`. */
export type ContentTotals = {
  readonly crc: number
  readonly dataBytes: number
  readonly uncompressedBytes: number
  readonly walBytes: number
}

/** Writes the content list whole, atomic and durable. The entries are gone over once. */
export async function writeContentList(
  directory: string,
  entries: Iterable<ContentEntry>,
): Promise<ContentTotals> {
  const sizes = { dataBytes: 0, uncompressedBytes: 0, walBytes: 0 }
  let crc = 0
  function* parts(): Generator<Uint8Array> {
    for (const part of formatContentList(counted(entries, sizes))) {
      const bytes = Buffer.from(part, 'utf8')
      crc = crc32c(bytes, crc)
      yield bytes
    }
  }
  await writeFileDurably(path.join(directory, CONTENT_FILE), parts(), { mode: 0o600 })
  return { crc, ...sizes }
}

function* counted(entries: Iterable<ContentEntry>, sizes: Sizes): Generator<ContentEntry> {
  for (const entry of entries) {
    count(entry, sizes)
    yield entry
  }
}

const TYPE_BITS = 0o170000
const DIRECTORY = 0o040000
const DIRECTORY_BYTES = 4096

type Sizes = { dataBytes: number; uncompressedBytes: number; walBytes: number }

/** The size fields of a control file: directories count 4096 each, WAL of the backup apart (catalog format 3.4). */
function count(entry: ContentEntry, sizes: Sizes): void {
  if ((entry.mode & TYPE_BITS) === DIRECTORY) {
    sizes.dataBytes += DIRECTORY_BYTES
    sizes.uncompressedBytes += DIRECTORY_BYTES
  } else if (entry.externalDirNumber === 0 && isWalSegmentName(path.posix.basename(entry.path))) {
    sizes.walBytes += Math.max(0, entry.sizeBytes)
  } else if (entry.sizeBytes > 0) {
    sizes.dataBytes += entry.sizeBytes
    sizes.uncompressedBytes += entry.fullBytes
  }
}
