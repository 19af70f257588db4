import type {
  AccidentRecord,
  CommitRecord,
  IndexedSegmentRecord,
  RelationRecord,
  RestorePointRecord,
} from '../api/contract/wal-index.ts'
import type { IsoTime } from '../base/iso-time.ts'
import { accidentSubject, namesProblemText } from './accident-subject.ts'
import type { JsonValue } from './json-text.ts'
import { formatLocalTime } from './moments.ts'
import { formatTable, prettySize } from './pretty.ts'

/** What was found, as a table for people and as objects for programs. */
export type Listing = { readonly table: string; readonly json: readonly JsonValue[] }

const NOTHING = '----'

export function listAccidents(accidents: readonly AccidentRecord[]): Listing {
  return {
    table: `${formatTable(
      ['Time', 'TLI', 'XID', 'LSN', 'What', 'Count', 'Of'],
      accidents.map((one) => [
        timeText(one.at),
        String(one.timeline),
        String(one.xid),
        one.lsn,
        ACCIDENTS[one.kind],
        String(one.count),
        accidentSubject(one),
      ]),
      ['TLI', 'XID', 'Count'],
    )}${problemLines(accidents)}`,
    json: accidents.map((one) => ({
      ...placeOf(one),
      xid: one.xid,
      kind: one.kind,
      count: one.count,
      'database-oid': one.databaseOid,
      relations: one.relations.map((relation) => ({
        'tablespace-oid': relation.tablespaceOid,
        'database-oid': relation.databaseOid,
        relfilenode: relation.relationNumber,
        ...nameOf(relation),
      })),
      databases: one.databases,
      'database-names': one.databaseNames?.map(({ oid, name }) => ({ oid, name })),
      'names-problem': one.namesProblem && namesProblemText(one.namesProblem),
      'truncated-oids': one.truncatedOids,
    })),
  }
}

const ACCIDENTS: Readonly<Record<AccidentRecord['kind'], string>> = {
  drop: 'dropped',
  truncate: 'truncated',
  rewrite: 'rewritten',
  'database-drop': 'database dropped',
  delete: 'rows deleted',
  update: 'rows updated',
  commit: 'committed',
  abort: 'aborted',
}

/** One line for each reason. */
function problemLines(accidents: readonly AccidentRecord[]): string {
  const texts = accidents.flatMap(({ namesProblem }) =>
    namesProblem === undefined ? [] : [namesProblemText(namesProblem)],
  )
  return [...new Set(texts)].map((text) => `Without a name: ${text}\n`).join('')
}

function nameOf({ name }: RelationRecord) {
  if (name === undefined) return {}
  const { database, schema, relation, kind, owner, otherNames, isInferred, backupId } = name
  return {
    database,
    schema,
    relation,
    kind,
    'owner-schema': owner?.schema,
    'owner-relation': owner?.relation,
    'other-names': otherNames.map((one) => ({ schema: one.schema, relation: one.relation })),
    inferred: isInferred,
    'backup-id': backupId,
  }
}

export function listCommits(commits: readonly CommitRecord[]): Listing {
  return {
    table: formatTable(
      ['Time', 'TLI', 'XID', 'LSN', 'End', 'Deleted', 'Inserted', 'Updated', 'Dropped'],
      commits.map((one) => [
        timeText(one.at),
        String(one.timeline),
        String(one.xid),
        one.lsn,
        one.isAborted ? 'aborted' : 'committed',
        ...[one.deleted, one.inserted, one.updated, one.dropped].map(String),
      ]),
      ['TLI', 'XID', 'Deleted', 'Inserted', 'Updated', 'Dropped'],
    ),
    json: commits.map((one) => ({
      ...placeOf(one),
      xid: one.xid,
      aborted: one.isAborted,
      deleted: one.deleted,
      inserted: one.inserted,
      updated: one.updated,
      dropped: one.dropped,
    })),
  }
}

export function listRestorePoints(points: readonly RestorePointRecord[]): Listing {
  return {
    table: formatTable(
      ['Time', 'TLI', 'LSN', 'Name'],
      points.map((one) => [timeText(one.at), String(one.timeline), one.lsn, one.name]),
      ['TLI'],
    ),
    json: points.map((one) => ({ ...placeOf(one), name: one.name })),
  }
}

export function listSegments(segments: readonly IndexedSegmentRecord[]): Listing {
  const time = (end: IndexedSegmentRecord['first']): string =>
    end === undefined ? NOTHING : timeText(end.at)
  return {
    table: formatTable(
      ['Segment', 'Backup', 'Size', 'Commits', 'First end', 'Last end', 'State'],
      segments.map((one) => [
        one.segment,
        one.backupId ?? NOTHING,
        prettySize(one.sizeBytes),
        String(one.commitCount),
        time(one.first),
        time(one.last),
        one.state,
      ]),
      ['Size', 'Commits'],
    ),
    json: segments.map((one) => ({
      segment: one.segment,
      file: one.file,
      'backup-id': one.backupId,
      tli: one.timeline,
      size: one.sizeBytes,
      state: one.state,
      commits: one.commitCount,
      aborts: one.abortCount,
      'first-time': one.first?.at,
      'first-lsn': one.first?.lsn,
      'last-time': one.last?.at,
      'last-lsn': one.last?.lsn,
    })),
  }
}

function placeOf(one: {
  readonly at: IsoTime
  readonly timeline: number
  readonly lsn: string
  readonly endLsn: string
}) {
  return { time: one.at, tli: one.timeline, lsn: one.lsn, 'end-lsn': one.endLsn }
}

/** Local time with microseconds: they tell one commit from the next. */
function timeText(at: IsoTime): string {
  const fraction = /\.\d+/.exec(at)?.[0] ?? ''
  return formatLocalTime(at).replace(/\d\d:\d\d:\d\d/, (clock) => clock + fraction)
}
