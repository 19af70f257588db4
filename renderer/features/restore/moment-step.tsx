import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useEngine } from '../../lib/engine.tsx'
import { drillLine } from '../../lib/drill-badge.tsx'
import { formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { isoOfMs, msOfIso } from '../../lib/micro-time.ts'
import { announce, useStore } from '../../lib/stores.ts'
import { useDrills } from '../../lib/use-drills.ts'
import { useNow } from '../../lib/use-now.ts'
import { useReceiver } from '../../lib/use-receiver.ts'
import { offsetMs } from '../../lib/zone-time.ts'
import { type Moment, RecoveryTimeline } from '../../pictures/recovery-timeline.tsx'
import { accidentKey, AccidentPanel } from './accident-panel.tsx'
import { drillMarks } from './drill-marks.ts'
import { afterCommit, choiceAt, endOf, justBefore, type MomentChoice } from './moment-choice.ts'
import { pathWords, timelineTexts } from './moment-texts.ts'
import { NoArchive, NothingReachable } from './no-reach.tsx'
import { QuickChoices } from './quick-choices.tsx'
import { ReachTable, type RowEnd } from './reach-table.tsx'
import type { PendingRestore } from './restore-store.ts'
import { ScanNotice } from './scan-notice.tsx'
import { BASE_SELECT, TargetFields } from './target-fields.tsx'
import { type RecoveryFacts, safeUntil, useActivity, useIndexFacts } from './use-recovery.ts'
import type { Verdict } from './use-verdict.ts'
import { VerdictCard } from './verdict-card.tsx'
import './moment-step.css'

/** What is restored: the picture of what can be reached, the moment that is chosen in it, and the same by typing. */
export function MomentStep(props: {
  readonly instance: InstanceRef
  readonly facts: RecoveryFacts
  readonly pending: PendingRestore
  readonly handle: Moment | undefined
  readonly verdict: Verdict
  readonly onChange: (changes: Partial<PendingRestore>) => void
  readonly onNext: () => void
}) {
  const { instance, facts, pending, handle, verdict, onChange } = props
  const { window, backups, lanes } = facts
  const { choice, range, isTable } = pending
  const { say, language } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const nowMs = useNow()
  const { status, problem, accidents, points } = useIndexFacts(instance)
  const safe = safeUntil(useReceiver(instance))
  const activity = useActivity(instance, lanes, range)
  const [isSearching, setSearching] = useState(false)
  const walk = useWalk(instance)

  const choose = (next: MomentChoice): void => onChange({ choice: next })
  const baseId = choice?.target.kind === 'immediate' ? undefined : choice?.baseId
  const moveTo = ({ timeline, ms }: Moment): void => {
    const lane = lanes.find((one) => one.timeline === timeline)
    if (lane !== undefined) choose(choiceAt(lane, ms, baseId))
  }
  const byKey = useMemo(() => new Map(accidents.map((one) => [accidentKey(one), one])), [accidents])
  const marks = useMemo(
    () => accidents.map((one) => ({ key: accidentKey(one), ms: msOfIso(one.at), timeline: one.timeline })),
    [accidents],
  )
  const chosenAccident = accidents.find(
    ({ xid, lsn }) =>
      choice?.isInclusive === false &&
      (choice.target.kind === 'xid'
        ? choice.target.xid === String(xid)
        : choice.target.kind === 'lsn' && choice.target.lsn === lsn),
  )
  const tests = useDrills(instance)
  const drills = useMemo(
    () => drillMarks(tests, backups, (drill) => drillLine(say, drill, zone, language)),
    [tests, backups, say, zone, language],
  )
  const chosenKey = chosenAccident && accidentKey(chosenAccident)
  const reachable = verdict.record?.kind === 'reachable' ? verdict.record : undefined
  const path = useMemo(() => {
    if (reachable === undefined || handle === undefined) return undefined
    const ends = reachable.chain.flatMap((id) => {
      const time = backups.find((one) => one.id === id)?.recoveryTime
      return time === undefined ? [] : [msOfIso(time)]
    })
    return { backups: ends, toMs: handle.ms, ...pathWords(say, reachable, backups) }
  }, [reachable, handle, backups, say])
  const zoneCount = window.lanes.reduce((sum, lane) => sum + lane.zones.length, 0)
  const pointCount = window.lanes.reduce((sum, lane) => sum + lane.points.length, 0)
  const texts = useMemo(
    () =>
      timelineTexts(say, zone, language, byKey, {
        summary: say('moment.summary', { zones: zoneCount, points: pointCount, gaps: window.gaps.length }),
        valueText:
          handle === undefined
            ? ''
            : say('moment.value', { time: formatTime(isoOfMs(handle.ms), zone), timeline: handle.timeline }),
      }),
    [say, zone, language, byKey, handle, zoneCount, pointCount, window],
  )

  const onKey = (event: KeyboardEvent): void => {
    const actions: Readonly<Record<string, () => void>> = {
      ',': () => void step('backward'),
      '.': () => void step('forward'),
      b: () => document.getElementById(BASE_SELECT)?.focus(),
      t: () => onChange({ isTable: !isTable }),
      Enter: props.onNext,
    }
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key]
    if (action === undefined) return
    event.preventDefault()
    action()
  }
  const step = async (direction: 'forward' | 'backward'): Promise<void> => {
    const found = handle && (await walk(handle, choice, direction))
    if (found === undefined) announce(say('moment.no-commit'))
    else if (found !== 'left') choose(afterCommit(found, baseId))
  }
  const onZoneEnd = ({ timeline, lsn, time }: RowEnd, isLast: boolean): void => {
    const lane = lanes.find((one) => one.timeline === timeline)
    const ms = time && msOfIso(time.at)
    if (lane === undefined) return
    const edge = lane.zones.find((one) => (isLast ? one.toLsn : one.fromLsn) === lsn)
    if (edge !== undefined)
      choose(choiceAt(lane, isLast ? Math.max(edge.fromMs, edge.toMs - 0.001) : edge.fromMs, baseId))
    else if (ms === undefined)
      choose({ target: { kind: 'lsn', lsn }, isInclusive: true, timeline, baseId, at: undefined })
  }
  const scan = <ScanNotice instance={instance} status={status} problem={problem} />
  return (
    <>
      {zoneCount + pointCount === 0 ? <NothingReachable instance={instance} facts={facts} /> : null}
      {zoneCount === 0 && pointCount > 0 ? <NoArchive instance={instance} count={pointCount} /> : null}
      {isTable ? (
        <ReachTable
          window={window}
          drills={drills}
          onZoneEnd={onZoneEnd}
          onPoint={(id) => choose(endOf(id))}
        />
      ) : lanes.length === 0 ? null : (
        <RecoveryTimeline
          lanes={lanes}
          nowMs={nowMs}
          safe={safe}
          offsetMs={offsetMs(nowMs, zone)}
          activity={activity}
          accidents={marks}
          drills={drills}
          chosenAccident={chosenKey}
          onAccident={(key) => {
            const accident = byKey.get(key)
            if (accident !== undefined) choose(justBefore(accident, baseId))
          }}
          handle={handle}
          onMove={moveTo}
          path={path}
          range={range}
          onRange={(next) => onChange({ range: next })}
          onKey={onKey}
          texts={texts}
        />
      )}
      <div className="row">
        <button type="button" className="button small" onClick={() => onChange({ isTable: !isTable })}>
          {say(isTable ? 'moment.show-picture' : 'moment.show-table')}
        </button>
        {range === undefined ? null : (
          <button type="button" className="button small" onClick={() => onChange({ range: undefined })}>
            {say('moment.show-all')}
          </button>
        )}
        <button
          type="button"
          className="button small"
          aria-expanded={isSearching}
          onClick={() => setSearching(!isSearching)}
        >
          <span aria-hidden="true" className="triangle">
            ▲
          </span>{' '}
          {say('accident.title')}
        </button>
        <div className="grow">{verdict.record?.kind === 'unknown' ? null : scan}</div>
      </div>
      {isSearching ? (
        <AccidentPanel instance={instance} baseId={baseId} chosen={chosenKey} onChoose={choose} />
      ) : null}
      <VerdictCard
        instance={instance}
        choice={choice}
        verdict={verdict}
        handle={handle}
        backups={backups}
        onChoose={choose}
        scan={scan}
      />
      <QuickChoices
        lanes={lanes}
        backups={backups}
        accidents={accidents}
        points={points}
        handle={handle}
        baseId={baseId}
        onChoose={choose}
      />
      <TargetFields choice={choice} handle={handle} points={points} backups={backups} onChoose={choose} />
    </>
  )
}

/** Finds the commit next to the handle; `left` when another key came before the answer. */
function useWalk(instance: InstanceRef) {
  const engine = useEngine()
  const asking = useRef<AbortController | undefined>(undefined)
  useEffect(() => () => asking.current?.abort(), [])
  return async (from: Moment, choice: MomentChoice | undefined, direction: 'forward' | 'backward') => {
    asking.current?.abort()
    const { signal } = (asking.current = new AbortController())
    const lsn = choice?.target.kind === 'lsn' ? choice.target.lsn : undefined
    const at = isoOfMs(from.ms)
    const bounds = direction === 'forward' ? { from: at } : { to: at }
    try {
      const { commits } = await engine['wal.commits'](
        {
          ...instance,
          timeline: from.timeline,
          direction,
          limit: 2,
          ...(lsn === undefined ? bounds : direction === 'forward' ? { fromLsn: lsn } : { toLsn: lsn }),
        },
        { signal },
      )
      return commits.find((commit) => (lsn === undefined ? commit.at !== at : commit.lsn !== lsn))
    } catch {
      return signal.aborted ? 'left' : undefined
    }
  }
}
