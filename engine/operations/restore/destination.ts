import { accessSync, constants, existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import type { FileOwner } from '../../catalog/owner-file.ts'
import { archiveDirectory } from '../../catalog/paths.ts'
import { type ControlFile, requireControlFile } from '../../format/control-file.ts'
import {
  parseTimelineHistory,
  type TimelineHistory,
  timelineHistoryFileName,
} from '../../format/timeline-history.ts'
import { isMissing } from '../../host/file-error.ts'
import { readSmallFile } from '../../host/small-file.ts'
import { findRestoreMark, restoredBy, type UnfinishedRestore } from './interrupted.ts'
import { redoPoint } from './redo-point.ts'
import { CONTROL_FILE, WAL_DIRECTORIES } from './work-list.ts'

/** Where `pg_control` waits while a directory is restored, so that no server starts on it (catalog format 10.6). */
export const KEPT_CONTROL_FILE = 'global/pg_control.pbk.bak'

/** What a directory that is not empty says of itself. */
export type Destination = {
  /** Of `pg_control`, or of the one that was put aside; undefined when neither can be read. */
  readonly control: ControlFile | undefined
  /** Whether it stands where a server would start from it. */
  readonly isControlInPlace: boolean
  readonly hasBackupLabel: boolean
  /** `postmaster.pid` is there and does not name a process. */
  readonly isPidFileMangled: boolean
  readonly unfinished: UnfinishedRestore | undefined
  /** The process that is restoring there right now. */
  readonly restoring?: FileOwner | undefined
  /** Where links lead that are not followed blindly, by path: `pg_tblspc/16395`, `pg_wal`. Absolute. */
  readonly links: ReadonlyMap<string, string>
  /** The history of its timeline, as it has it itself and as the archive has it. */
  readonly ownHistory: TimelineHistory | undefined
  readonly archivedHistory: TimelineHistory | undefined
  /** What the system says against writing there. */
  readonly whyNotWritable: string | undefined
}

/** Looks at a directory that a restore is to go into, without changing it. What cannot be read is not there. */
export function readDestination(dataDirectory: string, catalog: string, instance: string): Destination {
  const inPlace = findControl(path.join(dataDirectory, CONTROL_FILE))
  const control = inPlace ?? findControl(path.join(dataDirectory, KEPT_CONTROL_FILE))
  const links = findLinks(dataDirectory)
  const isInPlace = existsSync(path.join(dataDirectory, CONTROL_FILE))
  const unfinished = isInPlace ? undefined : findRestoreMark(dataDirectory)
  const timeline = control === undefined ? 0 : redoPoint(control).timeline
  return {
    control,
    isControlInPlace: isInPlace,
    hasBackupLabel: existsSync(path.join(dataDirectory, 'backup_label')),
    isPidFileMangled: isPidFileMangled(dataDirectory),
    unfinished,
    restoring: restoredBy(unfinished),
    links,
    ownHistory: findHistory(path.join(dataDirectory, 'pg_wal'), timeline),
    archivedHistory: findHistory(archiveDirectory(catalog, instance), timeline),
    whyNotWritable: whyNotWritable(dataDirectory),
  }
}

function findControl(file: string): ControlFile | undefined {
  try {
    return requireControlFile(readFileSync(file))
  } catch {
    return undefined
  }
}

function findLinks(dataDirectory: string): ReadonlyMap<string, string> {
  const names = [...WAL_DIRECTORIES, ...namesIn(dataDirectory, 'pg_tblspc')]
  const links = new Map<string, string>()
  for (const name of names) {
    try {
      const at = path.join(dataDirectory, name)
      links.set(name, path.resolve(path.dirname(at), readlinkSync(at)))
    } catch {
      // A directory, or not there at all.
    }
  }
  return links
}

function namesIn(dataDirectory: string, below: string): readonly string[] {
  try {
    return readdirSync(path.join(dataDirectory, below)).map((name) => `${below}/${name}`)
  } catch {
    return []
  }
}

function findHistory(directory: string, timeline: number): TimelineHistory | undefined {
  if (timeline <= 1) return undefined
  try {
    return parseTimelineHistory(readSmallFile(path.join(directory, timelineHistoryFileName(timeline))))
  } catch {
    return undefined
  }
}

function isPidFileMangled(dataDirectory: string): boolean {
  try {
    const first = readSmallFile(path.join(dataDirectory, 'postmaster.pid')).split('\n')[0] ?? ''
    return !/^-?[1-9][0-9]{0,9}\s*$/.test(first)
  } catch (thrown) {
    return !isMissing(thrown)
  }
}

function whyNotWritable(directory: string): string | undefined {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK | constants.R_OK)
    return undefined
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}
