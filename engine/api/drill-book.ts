import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { parseLsn } from '../base/lsn.ts'
import { openSqlite } from '../host/sqlite.ts'
import type { RowCount } from '../operations/drill/compare-counts.ts'
import type { DrillRecord } from './contract/drills.ts'
import type { InstanceRef } from './contract/values.ts'

/** Drills beyond this number are forgotten, oldest first. */
const MOST_DRILLS = 2000

const SCHEMA = `
  create table if not exists drill (
    id text primary key,
    catalog text not null,
    instance text not null,
    backup_id text not null,
    started_at text not null,
    record text not null,
    counts text
  ) strict;
  create index if not exists drill_of_instance on drill (catalog, instance, started_at desc);
  create table if not exists scratch_parent (path text primary key) strict;
`

/** Results of drills, kept in `node:sqlite`. */
export type DrillBook = Disposable & {
  save(record: DrillRecord, counts: readonly RowCount[] | undefined): void
  /** Newest first. */
  list(ref: InstanceRef, backupId: string | undefined, limit: number): readonly DrillRecord[]
  /** The newest one of each backup. */
  latest(ref: InstanceRef): readonly DrillRecord[]
  /**
   * What the last drill of the instance counted that got so far. With an LSN, of those alone that stood there or before
   * it: what came later says nothing of a moment that is to be earlier.
   */
  lastCounts(ref: InstanceRef, upToLsn?: string): readonly RowCount[] | undefined
  /** Remembers where scratch directories are made, for finding what a killed engine left there. */
  addParent(directory: string): void
  parents(): readonly string[]
}

/**
 * Opens the book in a directory, making it if need be; without one nothing outlives the process. A damaged one is put
 * aside as `drills.sqlite.damaged`.
 */
export function openDrillBook(directory: string | undefined): DrillBook {
  if (directory !== undefined) mkdirSync(directory, { recursive: true, mode: 0o700 })
  const file = directory === undefined ? ':memory:' : path.join(directory, 'drills.sqlite')
  const database = openSqlite(file, 'set-aside', (opened) => opened.exec(SCHEMA))
  const rowsOf = (rows: readonly Record<string, unknown>[]): readonly DrillRecord[] =>
    rows.flatMap(({ record }) => parse<DrillRecord>(record) ?? [])
  return {
    save(record, counts) {
      database
        .prepare(
          `insert into drill (id, catalog, instance, backup_id, started_at, record, counts) values (?, ?, ?, ?, ?, ?, ?)
           on conflict (id) do update set record = excluded.record, counts = excluded.counts`,
        )
        .run(
          record.id,
          record.catalog,
          record.instance,
          record.backupId,
          record.startedAt,
          JSON.stringify(record),
          counts === undefined ? null : JSON.stringify(counts),
        )
      database
        .prepare(
          'delete from drill where id in (select id from drill order by started_at desc limit -1 offset ?)',
        )
        .run(MOST_DRILLS)
    },
    list: ({ catalog, instance }, backupId, limit) =>
      rowsOf(
        database
          .prepare(
            `select record from drill where catalog = ? and instance = ? and (? is null or backup_id = ?)
              order by started_at desc, id desc limit ?`,
          )
          .all(catalog, instance, backupId ?? null, backupId ?? null, limit),
      ),
    latest: ({ catalog, instance }) =>
      rowsOf(
        database
          .prepare(
            `select record from (select record, started_at, row_number() over (partition by backup_id order by started_at desc, id desc) as place
               from drill where catalog = ? and instance = ?) where place = 1 order by started_at desc`,
          )
          .all(catalog, instance),
      ),
    lastCounts({ catalog, instance }, upToLsn) {
      const rows = database
        .prepare(
          `select record ->> '$.stop.lsn' as lsn, counts from drill
            where catalog = ? and instance = ? and counts is not null order by started_at desc, id desc`,
        )
        .iterate(catalog, instance)
      for (const { lsn, counts } of rows) {
        if (upToLsn === undefined || !isAfter(lsn, upToLsn)) return parse<readonly RowCount[]>(counts)
      }
      return undefined
    },
    addParent(parent) {
      database.prepare('insert or ignore into scratch_parent (path) values (?)').run(parent)
    },
    parents: () =>
      database
        .prepare('select path from scratch_parent')
        .all()
        .map((row) => String(row['path'])),
    [Symbol.dispose]: () => database.close(),
  }
}

function parse<Value>(text: unknown): Value | undefined {
  if (typeof text !== 'string') return undefined
  try {
    return (JSON.parse(text) ?? undefined) as Value | undefined
  } catch {
    return undefined
  }
}

/** Not known of a drill that others wrote in some other way: it counts as it did. */
function isAfter(lsn: unknown, upToLsn: string): boolean {
  return (
    typeof lsn === 'string' &&
    /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/i.test(lsn) &&
    parseLsn(lsn) > parseLsn(upToLsn)
  )
}
