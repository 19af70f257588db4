import { EngineError } from '../../base/engine-error.ts'
import type { IsoTime } from '../../base/iso-time.ts'
import { isoFromMs } from '../../base/iso-time.ts'
import { type Lsn, parseLsn } from '../../base/lsn.ts'
import { parseTargetTime } from '../../catalog/recovery-time-text.ts'
import type { CommitFilter, FoundCommit } from '../../wal-index/queries.ts'
import { indexTime } from '../../wal-index/recovery-facts.ts'
import type { SegmentRow } from '../../wal-index/segment-row.ts'
import { updateWalIndex } from '../../wal-index/update.ts'
import { openAccidentNamer } from '../accident-names.ts'
import { openBackupNames } from '../backup-names.ts'
import type { EngineContext } from '../context.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import type { JobResult } from '../contract/jobs.ts'
import type { AccidentRecord, walIndex as contract } from '../contract/wal-index.ts'
import {
  commitRecord,
  deleteRecord,
  endRecord,
  isNamed,
  isoOf,
  lossRecord,
  restorePointRecord,
  segmentRecord,
  updateRecord,
  walFindings,
} from '../wal-index-records.ts'
import { coverageOf } from '../wal-indexes.ts'

const MOST_FINDINGS = 1000
/** With the result of a job, which is kept. */
const MOST_FINDINGS_OF_JOB = 100
const USUAL_LIMIT = 100
const USUAL_SEGMENTS = 200
const MANY_DELETED = 1000
/** When it is searched by name; others that are older are not looked at. */
const MOST_SEARCHED = 10_000
const UPDATED = 'updated'

export function walIndexHandlers({
  jobs,
  clock,
  walIndexes,
}: EngineContext): Pick<EngineHandlers, keyof typeof contract> {
  const names = openBackupNames()
  return {
    'wal.index-status': async (ref, call) => {
      const listed = await walIndexes.list(ref, call)
      const { archive, store } = walIndexes.open(ref)
      const rows = store.segments()
      const { pending } = coverageOf(listed, rows)
      const times = rows.flatMap(({ minTime, maxTime }) =>
        minTime === undefined || maxTime === undefined ? [] : [{ minTime, maxTime }],
      )
      return {
        updatedAt: store.get(UPDATED) as IsoTime | undefined,
        segmentCount: listed.length,
        pendingCount: pending.length,
        pendingBytes: pending.length * archive.segmentBytes,
        commitCount: rows.reduce((sum, { commitCount }) => sum + commitCount, 0),
        abortCount: rows.reduce((sum, { abortCount }) => sum + abortCount, 0),
        firstCommitAt: least(times.map(({ minTime }) => minTime)),
        lastCommitAt: least(
          times.map(({ maxTime }) => -maxTime),
          -1,
        ),
        findings: walFindings(rows, archive.segmentBytes, MOST_FINDINGS),
      }
    },
    'wal.index.start': async (ref, call) => {
      // What is wrong with the instance is said at once.
      const { archive, store } = walIndexes.open(ref)
      call.signal.throwIfAborted()
      const job = jobs.start({
        kind: 'index-wal',
        ...ref,
        queue: `index-wal ${ref.catalog} ${ref.instance}`,
        run: async (run): Promise<JobResult> => {
          const { signal } = run
          const listed = await walIndexes.list(ref, { signal })
          const result = await updateWalIndex(store, archive, listed, run)
          store.set(UPDATED, isoFromMs(clock.nowMs()))
          const findings = walFindings(store.segments(), archive.segmentBytes, MOST_FINDINGS_OF_JOB)
          for (const { segment, message, lsn } of findings)
            run.log.warning(`WAL segment ${segment} ${message}; WAL is sound up to ${lsn}`)
          return { kind: 'index-wal', ...result, findingCount: findings.length }
        },
      })
      return { job: job.id }
    },
    'wal.segments': async ({
      after,
      limit = USUAL_SEGMENTS,
      direction,
      from,
      to,
      timeline,
      catalog,
      instance,
    }) => {
      const { archive, store } = walIndexes.open({ catalog, instance })
      const [first, end] = [timeOf(from), timeOf(to)]
      const wanted = store
        .segments()
        .filter(
          (row) =>
            (timeline === undefined || row.timeline === timeline) &&
            (first === undefined || (row.maxTime !== undefined && row.maxTime >= first)) &&
            (end === undefined || (row.minTime !== undefined && row.minTime <= end)),
        )
      const rows = direction === 'backward' ? wanted.toSorted(latestFirst) : wanted
      const keyOf = (row: (typeof rows)[number]): string => `${row.place}/${row.file}`
      const start = after === undefined ? 0 : rows.findIndex((row) => keyOf(row) === after) + 1
      const page = rows.slice(start, start + limit)
      const last = page.at(-1)
      return {
        segments: page.map((row) => segmentRecord(row, archive.segmentBytes)),
        next: last === undefined || start + limit >= rows.length ? undefined : keyOf(last),
      }
    },
    'wal.volume': async ({ edges, ...ref }) => {
      const { archive, store } = walIndexes.open(ref)
      const times = edges.map(requireTime)
      const bytes = times.slice(1).map(() => 0)
      for (const { place, maxTime } of store.segments()) {
        if (place !== '' || maxTime === undefined) continue
        const span = times.findLastIndex((edge) => edge <= maxTime)
        if (span >= 0 && span < bytes.length) bytes[span] = (bytes[span] ?? 0) + archive.segmentBytes
      }
      return { bytes }
    },
    'wal.commits': async ({
      catalog,
      instance,
      after,
      limit = USUAL_LIMIT,
      direction = 'forward',
      ...wanted
    }) => {
      const { reader } = walIndexes.open({ catalog, instance })
      const { from, to, fromLsn, toLsn, ...rest } = wanted
      const filter: CommitFilter = {
        ...rest,
        // Somebody who asks for one transaction wants to know how it ended.
        withAborts: wanted.xid !== undefined,
        fromTime: timeOf(from),
        toTime: timeOf(to),
        fromLsn: fromLsn === undefined ? undefined : parseLsn(fromLsn),
        toLsn: toLsn === undefined ? undefined : parseLsn(toLsn),
      }
      const place = after === undefined ? undefined : parsePlace(after)
      const found: FoundCommit[] = []
      for (const commit of reader.commits(filter, direction, place)) {
        found.push(commit)
        if (found.length > limit) break
      }
      const page = found.slice(0, limit)
      const last = page.at(-1)
      const isMore = found.length > limit && last !== undefined
      return { commits: page.map(commitRecord), next: isMore ? `${last.timeline}:${last.lsn}` : undefined }
    },
    'wal.nearest': async ({ at, timeline, ...ref }) => {
      const { before, after } = walIndexes.open(ref).reader.around(requireTime(at), timeline)
      return { before: before && commitRecord(before), after: after && commitRecord(after) }
    },
    'wal.accidents': async ({ catalog, instance, kinds, limit = USUAL_LIMIT, ...wanted }, call) => {
      const { archive, reader } = walIndexes.open({ catalog, instance })
      const { timeline, xid, relationNumber, relationName, minDeleted = MANY_DELETED, minUpdated } = wanted
      const [from, to] = [timeOf(wanted.from), timeOf(wanted.to)]
      const isAsked = (kind: AccidentRecord['kind']): boolean => kinds?.includes(kind) ?? kind !== 'rewrite'
      const losses = reader.events(
        ['loss'],
        { from, to, limit: relationName === undefined ? limit : MOST_SEARCHED },
        (event, on) =>
          event.kind === 'loss' &&
          isAsked(event.loss.kind) &&
          (timeline === undefined || on === timeline) &&
          (xid === undefined || event.xid === xid) &&
          (relationNumber === undefined ||
            event.loss.relations.some((one) => one.relationNumber === relationNumber) ||
            (event.loss.truncatedOids ?? []).includes(relationNumber)),
      )
      const relationsOf = ({ timeline: on, lsn, time }: FoundCommit): AccidentRecord['relations'] => {
        const same = { from: time, to: time, limit: 1 }
        const [found] = reader.events(['deletion'], same, (event, one) => one === on && event.lsn === lsn)
        return found?.event.kind === 'deletion' ? found.event.relations : []
      }
      const isByRelation = relationNumber !== undefined || relationName !== undefined
      const deletes = isAsked('delete')
        ? reader.largestDeletes({ timeline, xid, fromTime: from, toTime: to, minDeleted }, limit)
        : []
      const { segmentBytes } = archive
      await using namer = await openAccidentNamer(
        { names, reader },
        { catalog, instance, segmentBytes },
        call,
      )
      const found: AccidentRecord[] = []
      for (const loss of losses) {
        if (found.length >= limit) break
        const record = lossRecord(loss)
        const accident = record && (await namer.name(record))
        if (accident !== undefined && (relationName === undefined || isNamed(accident, relationName)))
          found.push(accident)
      }
      const accidents = [...found]
      for (const commit of deletes) {
        const relations = relationsOf(commit)
        if (relationNumber !== undefined && !relations.some((one) => one.relationNumber === relationNumber))
          continue
        const named = await namer.name(deleteRecord(commit, relations))
        if (relationName === undefined || isNamed(named, relationName)) accidents.push(named)
      }
      if (minUpdated !== undefined && !isByRelation && isAsked('update')) {
        const filter = { timeline, xid, fromTime: from, toTime: to, minUpdated }
        accidents.push(...reader.largestUpdates(filter, limit).map(updateRecord))
      }
      if (xid !== undefined && !isByRelation) {
        const known = new Set(accidents.map((one) => `${one.timeline}/${one.lsn}`))
        for (const end of reader.commits({ timeline, xid, fromTime: from, toTime: to, withAborts: true })) {
          const record = endRecord(end)
          if (accidents.length >= limit) break
          if (isAsked(record.kind) && !known.has(`${record.timeline}/${record.lsn}`)) accidents.push(record)
        }
      }
      return { accidents: accidents.toSorted((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)) }
    },
    'wal.restore-points': async ({ catalog, instance, name, timeline, limit = USUAL_LIMIT, from, to }) => {
      const { reader } = walIndexes.open({ catalog, instance })
      const points = reader.events(
        ['restore-point'],
        { from: timeOf(from), to: timeOf(to), limit },
        (event, on) =>
          event.kind === 'restore-point' &&
          (name === undefined || event.name === name) &&
          (timeline === undefined || on === timeline),
      )
      return { points: points.flatMap((point) => restorePointRecord(point) ?? []) }
    },
    'wal.activity': async ({ catalog, instance, from, to, timeline, buckets }) => {
      const { reader } = walIndexes.open({ catalog, instance })
      let [first, last] = [timeOf(from), timeOf(to)]
      for (const { minTime, maxTime } of reader.segments) {
        if (minTime === undefined || maxTime === undefined) continue
        if (from === undefined && (first === undefined || minTime < first)) first = minTime
        // The end itself is not in the last part.
        if (to === undefined && (last === undefined || maxTime >= last)) last = maxTime + 1
      }
      if (first === undefined || last === undefined || first >= last)
        return { from: undefined, to: undefined, counts: [] }
      const counts = reader.activity(first, last, buckets, timeline)
      return { from: isoOf(first), to: isoOf(last), counts }
    },
  }
}

/** Of copies the one in the archive first. */
function latestFirst(a: SegmentRow, b: SegmentRow): number {
  if (a.timeline !== b.timeline) return b.timeline - a.timeline
  if (a.number !== b.number) return a.number < b.number ? 1 : -1
  return a.place < b.place ? -1 : 1
}

function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : requireTime(text)
}

function requireTime(text: string): number {
  return indexTime(parseTargetTime(text))
}

function least(values: readonly number[], sign = 1): IsoTime | undefined {
  let best: number | undefined
  for (const value of values) if (best === undefined || value < best) best = value
  return best === undefined ? undefined : isoOf(best * sign)
}

/** Where a page of commits ended. */
function parsePlace(text: string): { readonly timeline: number; readonly lsn: Lsn } {
  const parts = /^(?<timeline>\d{1,10}):(?<lsn>\d{1,20})$/.exec(text)?.groups
  if (parts === undefined)
    throw new EngineError('value.malformed', `"${text}" is not the end of a page`, {
      hint: 'Give what the answer before had as next.',
    })
  return { timeline: Number(parts['timeline']), lsn: BigInt(parts['lsn'] ?? 0) as Lsn }
}
