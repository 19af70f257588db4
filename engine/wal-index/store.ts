import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { lsnFromBigint } from '../base/lsn.ts'
import { mapFileError } from '../host/file-error.ts'
import { isSqliteDamage, mapSqliteError, openSqlite, removeSqlite } from '../host/sqlite.ts'
import type { IndexEvent } from './index-events.ts'
import {
  COLUMNS,
  type ReadSegment,
  rowOf,
  type SegmentRest,
  type SegmentRow,
  valuesOf,
} from './segment-row.ts'

/** Another number, and what is there is made anew. */
const VERSION = 4

const SCHEMA = `
  create table if not exists about (key text primary key, value text not null) strict;
  create table if not exists segment (
    id integer primary key,
    place text not null,
    timeline integer not null,
    number integer not null,
    file text not null,
    size_bytes integer not null,
    modified_ms integer not null,
    basis text not null,
    outcome text not null,
    rest text not null,
    state text not null,
    sound_lsn integer not null,
    problem text,
    switch_lsn integer not null,
    parent_timeline integer not null,
    commit_count integer not null,
    abort_count integer not null,
    first_lsn integer, first_time integer,
    last_lsn integer, last_time integer,
    min_time integer, max_time integer,
    min_xid integer, max_xid integer,
    most_deleted integer not null,
    commits blob not null,
    unique (place, timeline, number)
  ) strict;
  create index if not exists segment_time on segment (min_time, max_time);
  create table if not exists event (
    segment integer not null references segment (id) on delete cascade,
    kind text not null,
    lsn integer not null,
    time integer not null,
    detail text not null
  ) strict;
  create index if not exists event_segment on event (segment);
  create index if not exists event_kind on event (kind, time);
`

/** Whose WAL an index is of. */
export type IndexedArchive = {
  readonly catalog: string
  readonly instance: string
  readonly systemIdentifier: bigint
  readonly segmentBytes: number
}

/** An event, and the row of the segment that told it. */
export type StoredEvent = { readonly event: IndexEvent; readonly segment: number }

/** The index of one archive, in `node:sqlite`. Several processes may share it. */
export type WalIndexStore = Disposable & {
  /** By place, timeline and number. */
  segments(): readonly SegmentRow[]
  restOf(id: number): SegmentRest
  commitsOf(id: number): Uint8Array
  /** All or nothing, also when the process dies: replaces what was known of these segments. */
  write(read: readonly ReadSegment[], gone: readonly number[]): void
  /** Events of those kinds between two times, both included, in no order of their LSNs. At most `limit`. */
  events(
    kinds: readonly IndexEvent['kind'][],
    from: number,
    to: number,
    limit: number,
  ): readonly StoredEvent[]
  /** When an update last came to its end, as text that JSON reads. */
  get(key: string): string | undefined
  set(key: string, value: string): void
  /** Another text whenever something was written, by whomever. */
  revision(): string
  /** Whether damage was found since it was opened. Then it is of no use, and to be made anew once it is closed. */
  isDamaged(): boolean
}

/** The file of an archive's index below the directory of the indexes. */
export function indexFile(directory: string, { catalog, instance }: IndexedArchive): string {
  const hash = createHash('sha256').update(`${catalog}\0${instance}`).digest('hex')
  return path.join(directory, `${hash.slice(0, 24)}.sqlite`)
}

/**
 * Opens the index of an archive, making it if need be; without a directory in memory. An index of another cluster or
 * version, or one that is damaged, is made anew: all of it can be read from the WAL again.
 *
 * @throws {EngineError} `storage.*`, as every call of what is opened
 */
export function openWalIndexStore(directory: string | undefined, archive: IndexedArchive): WalIndexStore {
  const prepare = (database: DatabaseSync): void => makeTables(database, archive)
  if (directory === undefined)
    return guarded(storeOver(openSqlite(':memory:', 'delete', prepare)), ':memory:')
  const file = indexFile(directory, archive)
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    return guarded(storeOver(openSqlite(file, 'delete', prepare)), file)
  } catch (thrown) {
    throw mapFileError(mapSqliteError(thrown, file), directory, 'create')
  }
}

/** Removes the index of an archive, which must be closed. */
export function removeWalIndexStore(directory: string | undefined, archive: IndexedArchive): void {
  if (directory !== undefined) removeSqlite(indexFile(directory, archive))
}

/** The same store, with failures that name the file. Damage further back in it is only found when that is read. */
function guarded(store: Omit<WalIndexStore, 'isDamaged'>, file: string): WalIndexStore {
  let isDamaged = false
  const guard = <In extends readonly unknown[], Out>(call: (...input: In) => Out) => {
    return (...input: In): Out => {
      try {
        return call(...input)
      } catch (thrown) {
        isDamaged ||= isSqliteDamage(thrown)
        throw mapSqliteError(thrown, file)
      }
    }
  }
  return {
    segments: guard(store.segments),
    restOf: guard(store.restOf),
    commitsOf: guard(store.commitsOf),
    write: guard(store.write),
    events: guard(store.events),
    get: guard(store.get),
    set: guard(store.set),
    revision: guard(store.revision),
    isDamaged: () => isDamaged,
    [Symbol.dispose]: () => store[Symbol.dispose](),
  }
}

function makeTables(database: DatabaseSync, { systemIdentifier, segmentBytes }: IndexedArchive): void {
  database.exec('pragma synchronous = normal;')
  const about = JSON.stringify([VERSION, String(systemIdentifier), segmentBytes])
  const stored = hasTable(database, 'about')
    ? database.prepare("select value from about where key = 'archive'").get()?.['value']
    : undefined
  if (stored === about) return
  database.exec('begin immediate')
  for (const table of ['event', 'segment', 'about']) database.exec(`drop table if exists ${table}`)
  database.exec(SCHEMA)
  database.prepare("insert into about (key, value) values ('archive', ?)").run(about)
  database.exec('commit')
}

function hasTable(database: DatabaseSync, name: string): boolean {
  return (
    database.prepare("select 1 from sqlite_master where type = 'table' and name = ?").get(name) !== undefined
  )
}

const LIGHT_COLUMNS = ['id', ...COLUMNS.filter((name) => name !== 'rest' && name !== 'commits')]

function storeOver(database: DatabaseSync): Omit<WalIndexStore, 'isDamaged'> {
  const all = database.prepare(
    `select ${LIGHT_COLUMNS.join(', ')} from segment order by place, timeline, number`,
  )
  all.setReadBigInts(true)
  const rest = database.prepare('select rest from segment where id = ?')
  const commits = database.prepare('select commits from segment where id = ?')
  const forget = database.prepare('delete from segment where id = ?')
  const forgetEvents = database.prepare('delete from event where segment = ?')
  const find = database.prepare('select id from segment where place = ? and timeline = ? and number = ?')
  const insert = database.prepare(
    `insert into segment (${COLUMNS.join(', ')}) values (${COLUMNS.map(() => '?').join(', ')})`,
  )
  const insertEvent = database.prepare(
    'insert into event (segment, kind, lsn, time, detail) values (?, ?, ?, ?, ?)',
  )
  const about = database.prepare('select value from about where key = ?')
  const setAbout = database.prepare('insert or replace into about (key, value) values (?, ?)')
  const dataVersion = database.prepare('pragma data_version')
  let writes = 0
  const remove = (id: number | bigint): void => {
    forgetEvents.run(id)
    forget.run(id)
  }
  return {
    segments: () => all.all().map(rowOf),
    restOf: (id) => JSON.parse(String(rest.get(id)?.['rest'])) as SegmentRest,
    commitsOf: (id) => (commits.get(id)?.['commits'] as Uint8Array | undefined) ?? new Uint8Array(0),
    write(read, gone) {
      writes++
      database.exec('begin immediate')
      try {
        for (const id of gone) remove(id)
        for (const one of read) {
          const known = find.get(one.place, one.timeline, one.number)?.['id']
          if (typeof known === 'number') remove(known)
          const { lastInsertRowid } = insert.run(...valuesOf(one))
          for (const event of one.facts.events)
            insertEvent.run(lastInsertRowid, event.kind, event.lsn, event.time, eventText(event))
        }
        database.exec('commit')
      } catch (thrown) {
        // A full disk has ended it already.
        if (database.isTransaction) database.exec('rollback')
        throw thrown
      }
    },
    events: (kinds, from, to, limit) =>
      database
        .prepare(
          `select segment, detail from event where kind in (${kinds.map(() => '?').join(', ')})
           and time between ? and ? order by time desc, lsn desc limit ?`,
        )
        .all(...kinds, from, to, limit)
        .map(({ segment, detail }) => ({ event: eventFrom(String(detail)), segment: Number(segment) })),
    get: (key) => about.get(key)?.['value'] as string | undefined,
    set: (key, value) => void setAbout.run(key, value),
    revision: () => `${String(dataVersion.get()?.['data_version'])}/${writes}`,
    [Symbol.dispose]: () => database.close(),
  }
}

/** JSON has no large integers: an LSN is written in hexadecimal. */
const LSN_KEYS: ReadonlySet<string> = new Set(['lsn', 'endLsn', 'redoLsn'])

function eventText(event: IndexEvent): string {
  return JSON.stringify(event, (key, value: unknown) =>
    LSN_KEYS.has(key) ? (value as bigint).toString(16) : value,
  )
}

function eventFrom(text: string): IndexEvent {
  return JSON.parse(text, (key, value: unknown) =>
    LSN_KEYS.has(key) ? lsnFromBigint(BigInt(`0x${String(value)}`)) : value,
  ) as IndexEvent
}
