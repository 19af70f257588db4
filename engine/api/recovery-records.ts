import type { IsoTime } from '../base/iso-time.ts'
import { formatLsn } from '../base/lsn.ts'
import { walSegmentName } from '../base/wal-segment.ts'
import type { LsnSpan } from '../catalog/recovery-coverage.ts'
import { isoMicros } from '../catalog/recovery-time-text.ts'
import type { WalMoment } from '../catalog/recovery-times.ts'
import type { MomentVerdict, NearMoment, UnreachableReason } from '../catalog/recovery-verdict.ts'
import type { RecoveryWindow } from '../catalog/recovery-window.ts'
import type {
  LsnRange,
  MomentRecord,
  NearMomentRecord,
  RecoveryWindowRecord,
  WalTime,
} from './contract/recovery.ts'
import type { Sentence } from './contract/values.ts'

type Times = { readonly fromTime: WalMoment | undefined; readonly toTime: WalMoment | undefined }

/** The window as the contract shows it. */
export function recoveryWindowRecord(
  { lanes, gaps, strandedIds }: RecoveryWindow,
  segmentBytes: number,
): RecoveryWindowRecord {
  return {
    lanes: lanes.map(({ switchLsn, switchTime, wal, walTimes, zones, points, ...lane }) => ({
      ...lane,
      switchLsn: switchLsn && formatLsn(switchLsn),
      switchTime: walTime(switchTime),
      wal: wal && range({ ...wal, fromTime: walTimes.from, toTime: walTimes.to }),
      zones: zones.map(({ baseId, baseCount, endsBy, ...zone }) => ({
        ...range(zone),
        baseId,
        baseCount,
        endsBy,
      })),
      points: points.map(({ backupId, lsn, time }) => ({
        backupId,
        lsn: formatLsn(lsn),
        time: walTime(time),
      })),
    })),
    gaps: gaps.map(({ timeline, firstSegment, lastSegment, segmentCount, cause, impacts, ...gap }) => ({
      ...range(gap),
      timeline,
      firstSegment: walSegmentName({ timeline, number: firstSegment }, segmentBytes),
      lastSegment: walSegmentName({ timeline, number: lastSegment }, segmentBytes),
      segmentCount,
      cause,
      impacts: impacts.map((impact) => ({
        ...range(impact),
        timeline: impact.timeline,
        healedBy: impact.healedBy,
      })),
    })),
    strandedIds,
  }
}

/** A verdict as the contract shows it. */
export function momentRecord(verdict: MomentVerdict, segmentBytes: number): MomentRecord {
  if (verdict.kind === 'unknown')
    return { kind: 'unknown', reason: { code: verdict.reason.code, values: {} } }
  if (verdict.kind === 'unreachable') {
    const { reason, before, after } = verdict
    return {
      kind: 'unreachable',
      reason: sentenceOf(reason, segmentBytes),
      before: nearRecord(before),
      after: nearRecord(after),
    }
  }
  const { position, time, segments, lost, replayBytes, ...rest } = verdict
  return {
    ...rest,
    position: {
      timeline: position.timeline,
      afterLsn: formatLsn(position.low),
      lsn: formatLsn(position.lsn),
    },
    time: walTime(time),
    segments: segments.map(({ timeline, first, last }) => ({
      first: walSegmentName({ timeline, number: first }, segmentBytes),
      last: walSegmentName({ timeline, number: last }, segmentBytes),
      count: Number(last - first) + 1,
    })),
    replayBytes: Number(replayBytes),
    lost: {
      bytes: Number(lost.bytes),
      seconds: lost.micros === undefined ? undefined : Number(lost.micros) / 1e6,
      commits: lost.commits,
    },
  }
}

function sentenceOf(reason: UnreachableReason, segmentBytes: number): Sentence {
  const { code } = reason
  switch (code) {
    case 'no-usable-backup':
      return { code, values: { known: reason.known } }
    case 'before-first-backup':
      return { code, values: { id: reason.backupId, lsn: formatLsn(reason.lsn) } }
    case 'gap': {
      const { timeline, firstSegment, lastSegment, segmentCount, cause, from, to } = reason
      return {
        code,
        values: {
          timeline,
          first: walSegmentName({ timeline, number: firstSegment }, segmentBytes),
          last: walSegmentName({ timeline, number: lastSegment }, segmentBytes),
          count: segmentCount,
          cause,
          from: formatLsn(from),
          to: formatLsn(to),
        },
      }
    }
    case 'not-archived-yet':
    case 'comes-earlier':
      return { code, values: { lsn: formatLsn(reason.lsn) } }
    case 'after-end':
      return { code, values: { timeline: reason.timeline, lsn: formatLsn(reason.lsn) } }
    case 'timeline-unknown':
    case 'history-missing':
    case 'other-timeline':
      return { code, values: { timeline: reason.timeline } }
    case 'backup-not-usable':
      return { code, values: { id: reason.backupId } }
    case 'no-wal-archive':
    case 'in-future':
    case 'not-found':
      return { code, values: {} }
  }
}

function nearRecord(near: NearMoment | undefined): NearMomentRecord | undefined {
  return near && { ...near, lsn: formatLsn(near.lsn), time: walTime(near.time) }
}

function range({ from, to, fromTime, toTime }: LsnSpan & Times): LsnRange {
  return {
    from: formatLsn(from),
    to: formatLsn(to),
    fromTime: walTime(fromTime),
    toTime: walTime(toTime),
    bytes: Number(to - from),
  }
}

function walTime(moment: WalMoment | undefined): WalTime | undefined {
  return moment && { at: isoMicros(moment.micros) as IsoTime, isExact: moment.isExact }
}
