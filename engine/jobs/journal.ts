import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { isoFromMs } from '../base/iso-time.ts'
import { isProcessAlive } from '../host/process.ts'
import { openSqlite } from '../host/sqlite.ts'
import { hasEnded, type Snapshot } from './job-snapshot.ts'

type AnySnapshot = Snapshot<string, unknown>

/** Jobs beyond this number are forgotten, oldest first. */
const MOST_JOBS = 5000

const SCHEMA = `
  create table if not exists job (
    id text primary key,
    created_at text not null,
    state text not null,
    pid integer not null,
    snapshot text not null
  ) strict;
  create index if not exists job_created_at on job (created_at desc);
`

/** What was done, kept across restarts: one row a job, in `node:sqlite`. Several processes may share it. */
export type Journal = Disposable & {
  save(snapshot: AnySnapshot): void
  find(id: string): AnySnapshot | undefined
  /** Newest first. */
  newest(limit: number): readonly AnySnapshot[]
}

/**
 * Opens the journal in a directory, making it if need be. Jobs of dead processes become `interrupted`. A damaged journal
 * is put aside as `journal.sqlite.damaged`: nobody must go without a restore for the sake of old jobs.
 */
export function openJournal(directory: string, nowMs: () => number = Date.now): Journal {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const database = openSqlite(path.join(directory, 'journal.sqlite'), 'set-aside', (opened) =>
    opened.exec(SCHEMA),
  )
  const upsert = database.prepare(
    `insert into job (id, created_at, state, pid, snapshot) values (?, ?, ?, ?, ?)
     on conflict (id) do update set state = excluded.state, pid = excluded.pid, snapshot = excluded.snapshot`,
  )
  const byId = database.prepare('select snapshot from job where id = ?')
  const newest = database.prepare('select snapshot from job order by created_at desc, id desc limit ?')

  const save = (snapshot: AnySnapshot, pid = process.pid): void => {
    upsert.run(snapshot.id, snapshot.createdAt, snapshot.state, pid, JSON.stringify(snapshot))
  }

  const unfinished = database
    .prepare("select pid, snapshot from job where state in ('queued', 'running')")
    .all()
  for (const { pid, snapshot } of unfinished) {
    if (Number(pid) !== process.pid && isProcessAlive(Number(pid)) !== 'gone') continue
    const job = parse(snapshot)
    if (job === undefined || hasEnded(job)) continue
    save({
      ...job,
      state: 'interrupted',
      endedAt: isoFromMs(nowMs()),
      rateBytesPerSecond: undefined,
      etaSeconds: undefined,
      // When the phase ended nobody knows: until now would count the time in which nothing ran.
      phases: job.phases.map((time) => ({ ...time, runningSince: undefined })),
    })
  }
  database
    .prepare(
      'delete from job where id in (select id from job order by created_at desc, id desc limit -1 offset ?)',
    )
    .run(MOST_JOBS)

  return {
    save,
    find: (id) => {
      const row = byId.get(id)
      return row === undefined ? undefined : parse(row['snapshot'])
    },
    newest: (limit) => newest.all(limit).flatMap((row) => parse(row['snapshot']) ?? []),
    [Symbol.dispose]: () => database.close(),
  }
}

/** Undefined for a row that is damaged. JSON leaves out what is undefined, which is how it was. */
function parse(text: unknown): AnySnapshot | undefined {
  try {
    return (JSON.parse(String(text)) ?? undefined) as AnySnapshot | undefined
  } catch {
    return undefined
  }
}
