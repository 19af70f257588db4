import { readFileSync, statSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import { DRILL_CHECKS, DRILL_NOTES } from '../base/drill-notes.ts'
import { describeError } from '../base/engine-error.ts'
import type { Log } from '../base/log.ts'
import type { Backup } from '../catalog/backup.ts'
import { instanceDirectory } from '../catalog/paths.ts'
import { writeFileDurably } from '../host/durable-file.ts'
import type { RowCount } from '../operations/drill/compare-counts.ts'
import type { DrillRecord } from './contract/drills.ts'
import { recoveryTarget, type InstanceRef } from './contract/values.ts'
import type { DrillBook } from './drill-book.ts'

/**
 * Beside `backup.control`. Other tools do not look at files that no content list names, and delete them with the backup.
 * What it says of a backup counts only in the directory of that backup: a merge may take it along.
 */
export const DRILL_FILE = 'tidemark-drills.json'

/** Older ones are left out; counts stand with the newest one alone. */
const MOST_KEPT = 10
/** Tables of a cluster that has more are not compared by others. */
const MOST_COUNTS = 20_000
const MOST_BYTES = 8 << 20

const note = z.object({
  check: z.enum(DRILL_CHECKS),
  state: z.enum(['passed', 'failed', 'skipped']),
  code: z.string().refine((code): code is keyof typeof DRILL_NOTES => code in DRILL_NOTES),
  values: z.record(z.string(), z.union([z.string(), z.number()])),
  durationMs: z.number(),
})
const step = z.object({
  step: z.enum(['restore', 'start', 'replay', 'checks', 'remove']),
  durationMs: z.number(),
  bytes: z.number().optional(),
})
const isoTime = z.iso.datetime()
const drill = z.object({
  id: z.string().min(1).max(100),
  backupId: z.string().max(20),
  target: recoveryTarget.optional(),
  startedAt: isoTime,
  durationMs: z.number(),
  isPassed: z.boolean(),
  steps: z.array(step).max(20),
  checks: z.array(note).max(100_000),
  stop: z
    .object({
      timeline: z.number().optional(),
      lsn: z.string().max(20).optional(),
      lastCommitAt: isoTime.optional(),
    })
    .optional(),
})
const counts = z
  .array(z.object({ database: z.string(), schema: z.string(), name: z.string(), rows: z.number() }))
  .max(MOST_COUNTS)
const drillFile = z.object({
  version: z.literal(1),
  drills: z.array(z.object({ drill, counts: counts.optional() })).max(MOST_KEPT),
})

type Kept = z.output<typeof drillFile>['drills'][number]

/**
 * Writes a result beside the backup, so that whoever opens the catalog finds it. A catalog that cannot be written to is
 * warned of: the book has the result all the same.
 */
export async function keepWithBackup(
  record: DrillRecord,
  found: readonly RowCount[] | undefined,
  log: Log,
): Promise<void> {
  const { catalog, instance, scratchId: _scratch, ...kept } = record
  const directory = path.join(instanceDirectory(catalog, instance), record.backupId)
  const older = (readDrillFile(directory) ?? []).filter((one) => one.drill.id !== record.id)
  const drills = [
    { drill: kept, ...(found !== undefined && found.length <= MOST_COUNTS && { counts: found }) },
    // Who compares takes the newest counts there are.
    ...older.slice(0, MOST_KEPT - 1).map((one) => (found === undefined ? one : { drill: one.drill })),
  ]
  try {
    const { uid, gid } = await stat(directory)
    const isRoot = process.getuid?.() === 0
    await writeFileDurably(path.join(directory, DRILL_FILE), `${JSON.stringify({ version: 1, drills })}\n`, {
      mode: 0o600,
      ...(isRoot && { owner: { uid, gid } }),
    })
  } catch (thrown) {
    log.warning(`the result of the restore test is not kept with the backup: ${describeError(thrown)}`)
  }
}

/** Which files a book has learned, by what they were then. */
const learned = new WeakMap<DrillBook, Map<string, string>>()

/** Tells the book of the results that lie beside backups and that others have left there. Only files that changed are read. */
export function learnDrills(
  book: DrillBook,
  { catalog, instance, backups }: InstanceRef & { readonly backups: readonly Backup[] },
): void {
  const known = learned.get(book) ?? new Map<string, string>()
  learned.set(book, known)
  for (const { id, directory } of backups) {
    const found = statSync(path.join(directory, DRILL_FILE), { throwIfNoEntry: false })
    if (found === undefined) continue
    const state = `${found.mtimeMs}/${found.size}/${found.ino}`
    if (known.get(directory) === state) continue
    known.set(directory, state)
    const have = new Set(book.list({ catalog, instance }, id, MOST_KEPT * 2).map((one) => one.id))
    for (const one of readDrillFile(directory) ?? []) {
      if (one.drill.backupId !== id || have.has(one.drill.id)) continue
      book.save(recordOf(one, { catalog, instance }), one.counts)
    }
  }
}

function recordOf({ drill: kept }: Kept, ref: InstanceRef): DrillRecord {
  return { ...kept, ...ref, scratchId: undefined } as unknown as DrillRecord
}

/** Newest first; undefined when there is none, or it is not one of ours. */
function readDrillFile(directory: string): readonly Kept[] | undefined {
  const file = path.join(directory, DRILL_FILE)
  try {
    if (statSync(file).size > MOST_BYTES) return undefined
    return drillFile.parse(JSON.parse(readFileSync(file, 'utf8'))).drills
  } catch {
    // Nothing depends on it: the next test writes it anew.
    return undefined
  }
}
