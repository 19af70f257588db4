import { type KeyboardEvent, useMemo, useState } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { ConfigEntry } from '../../../engine/api/contract/instances.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import type { WalArchiveRecord } from '../../../engine/api/contract/wal.ts'
import { type BackupFate, windowStart } from '../../../engine/base/retention.ts'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'
import { useNow } from '../../lib/use-now.ts'
import { isDay, offsetMs, readWholeTime } from '../../lib/zone-time.ts'
import { LifeLines } from '../../pictures/life-lines.tsx'
import { DateText } from '../../ui/date-text.tsx'
import { ApplySheet } from './apply-sheet.tsx'
import { freedByPin } from './future-facts.ts'
import { GoesOn } from './goes-on.tsx'
import { backupWords, lifeTexts } from './life-words.ts'
import { PinDialog } from './pin-dialog.tsx'
import { PolicyEditor, type Rehearsal } from './policy-editor.tsx'
import { PromiseCard } from './promise-card.tsx'
import { judge, savedPolicy } from './retention-facts.ts'
import { RetentionTable } from './retention-table.tsx'
import { dayOf } from './retention-texts.ts'
import { storageStrip, storedOf } from './storage-strip.ts'
import { StorageCard } from './storage-card.tsx'
import { SumLine } from './sum-line.tsx'
import { useFates } from './use-fates.ts'
import { usePinning } from './use-pinning.tsx'
import { usePlan } from './use-rehearsal.ts'
import { walSpans } from './wal-strip.ts'

const DAY_MS = 86_400_000
const DEFAULT_PIN_DAYS = 30

/** Editor, picture or table, what it comes to, and the promise: all of one rehearsal. */
export function RetentionWorkplace(props: {
  readonly instance: InstanceRef
  /** Newest first. */
  readonly backups: readonly BackupRecord[]
  readonly config: readonly ConfigEntry[]
  /** Of the tool that wrote the newest backup. */
  readonly rule: Rehearsal['rule']
  readonly archive: WalArchiveRecord | undefined
  readonly freeBytes: number | undefined
}) {
  const { instance, backups, config, archive, freeBytes } = props
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const saved = useMemo(() => savedPolicy(config), [config])
  const [rehearsal, setRehearsal] = useState<Rehearsal>(() => ({
    policy: saved,
    rule: props.rule,
    mergesExpired: false,
    purgesWal: false,
  }))
  const [ahead, setAhead] = useState(0)
  const [current, setCurrent] = useState<string | undefined>(undefined)
  const [isTable, setTable] = useState(false)
  const [goesOn, setGoesOn] = useState(false)
  const [dialog, setDialog] = useState<'pin' | 'apply' | undefined>(undefined)
  const clockMs = useNow()

  const asked = usePlan(instance, rehearsal, undefined)
  // The engine's clock may be set to another day, for rehearsals; the picture goes by it.
  const [skewMs, setSkewMs] = useState(0)
  const [seen, setSeen] = useState(asked.last)
  if (asked.last !== undefined && asked.last !== seen) {
    setSeen(asked.last)
    const skew = Date.parse(asked.last.now) - clockMs
    setSkewMs(Math.abs(skew) < DAY_MS / 24 ? 0 : skew)
  }
  const nowMs = clockMs + skewMs
  const asOfMs = nowMs + ahead * DAY_MS
  const askedAhead = usePlan(instance, rehearsal, ahead === 0 ? undefined : wholeHour(asOfMs))
  const shownPlan = ahead === 0 ? asked : askedAhead

  const { policy } = rehearsal
  const facts = useFates({ backups, archive, freeBytes, rehearsal, goesOn, nowMs, asOfMs })
  const { byId, forecast, merged, sumNow, sumThen, asOfSeconds } = facts
  const spans = useMemo(
    () => (archive === undefined ? [] : walSpans(archive, shownPlan.last, nowMs)),
    [archive, shownPlan.last, nowMs],
  )
  const windowSeconds = windowStart(policy, facts.rule, asOfSeconds)
  const judgeOf = (fate: BackupFate) => judge(fate, policy, merged, asOfSeconds)
  const date = dayOf(asOfMs, zone)

  const pinning = usePinning(instance, byId, ({ id, ms }) =>
    freedByPin(facts.retained, id, ms === undefined ? undefined : Math.floor(ms / 1000), {
      policy: saved,
      rule: facts.rule,
      nowSeconds: facts.nowSeconds,
    }),
  )

  const words = backupWords({ say, zone, facts, judgeOf })
  const texts = lifeTexts({ say, zone, facts, words, ahead, date, goesOn, windowDays: policy.windowDays })
  const stored = useMemo(() => storedOf(forecast), [forecast])
  const onKey = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const key = event.key.toLowerCase()
    if (key === 't') setTable(!isTable)
    else if (key === 'p' && current !== undefined && byId.has(current)) setDialog('pin')
    else return
    event.preventDefault()
  }
  const chosen = current === undefined ? undefined : byId.get(current)
  return (
    <>
      <PolicyEditor instance={instance} value={rehearsal} saved={saved} onChange={setRehearsal} />
      <div className="retention-main">
        <section className="card stack" aria-label={say('retention.title')}>
          <div className="row">
            <h2 className="grow">{say('retention.title')}</h2>
            <label className="row">
              <span>{say('retention.date')}</span>
              <DateText
                format="YYYY-MM-DD"
                value={date}
                isValid={(day) => isDay(day) && daysTo(day, dayOf(nowMs, zone), zone) !== undefined}
                onText={(day) => {
                  const days = daysTo(day, dayOf(nowMs, zone), zone)
                  if (days !== undefined) setAhead(days)
                }}
              />
            </label>
            <button type="button" className="button small" disabled={ahead === 0} onClick={() => setAhead(0)}>
              {say('retention.to-now')}
            </button>
            <button type="button" className="button small" onClick={() => setTable(!isTable)}>
              {say(isTable ? 'retention.picture' : 'retention.table')}
            </button>
          </div>
          <GoesOn rhythm={facts.future.rhythm} isOn={goesOn} onChange={setGoesOn} />
          {isTable ? (
            <RetentionTable
              fates={facts.shown}
              backups={byId}
              bytes={facts.allBytes}
              judge={judgeOf}
              nowMs={nowMs}
              current={current}
              onCurrent={setCurrent}
              onKey={onKey}
            />
          ) : (
            <LifeLines
              lines={facts.lines}
              nowMs={nowMs}
              ahead={ahead}
              onAhead={setAhead}
              windowMs={windowSeconds === undefined ? undefined : windowSeconds * 1000}
              wal={spans.map(({ sizeBytes, purgedBytes, ...span }) => ({
                ...span,
                label: say('retention.wal-timeline', {
                  timeline: span.timeline,
                  bytes: formatBytes(sizeBytes),
                  gone: formatBytes(purgedBytes),
                }),
              }))}
              storage={storageStrip(forecast, stored, asOfSeconds, { say, zone })}
              offsetMs={offsetMs(nowMs, zone)}
              current={current}
              onCurrent={setCurrent}
              onKey={onKey}
              onPin={(id, ms) => pinning.pin({ id, ms })}
              onStuck={pinning.tellStuck}
              texts={texts}
            />
          )}
          <div className="row retention-why">
            <p className="grow">{current === undefined ? say('retention.choose') : words(current)}</p>
            <button
              type="button"
              className="button small"
              disabled={chosen === undefined}
              onClick={() => setDialog('pin')}
            >
              {say('retention.pin')}
            </button>
          </div>
          {pinning.view}
        </section>
        <section className="card retention-sums stack">
          <SumLine
            label={say('retention.now')}
            sum={sumNow}
            plan={asked.plan}
            purgesWal={rehearsal.purgesWal}
          />
          {ahead === 0 ? null : (
            <SumLine
              label={say('retention.as-of', { date })}
              sum={sumThen}
              plan={askedAhead.plan}
              purgesWal={rehearsal.purgesWal}
              remark={
                goesOn ? say('retention.with-future', { count: facts.takenCount }) : say('retention.no-new')
              }
            />
          )}
          <div className="row">
            <button type="button" className="button danger" onClick={() => setDialog('apply')}>
              {say((asked.plan?.promise.broken.length ?? 0) > 0 ? 'apply.open-broken' : 'apply.open')}
            </button>
            {asked.plan?.promise.broken.map((one) => (
              <span key={one} className="status broken">
                ✕ {say(`promise.${one}`)}
              </span>
            ))}
            {ahead === 0 ? null : <span className="quiet">{say('apply.only-now')}</span>}
          </div>
        </section>
        <StorageCard
          forecast={forecast}
          freeBytes={freeBytes}
          nowMs={nowMs}
          asOfMs={ahead === 0 ? undefined : asOfMs}
        />
        {shownPlan.error === undefined ? (
          <PromiseCard promise={shownPlan.plan?.promise} asOf={ahead === 0 ? undefined : date} />
        ) : (
          <EngineErrorCard error={shownPlan.error} onRetry={shownPlan.refetch} />
        )}
      </div>
      {dialog === 'pin' && chosen !== undefined ? (
        <PinDialog
          backup={chosen}
          proposedMs={asOfMs + (ahead === 0 ? DEFAULT_PIN_DAYS * DAY_MS : 0)}
          onPin={(ms) => pinning.pin({ id: chosen.id, ms })}
          onClose={() => setDialog(undefined)}
        />
      ) : null}
      {dialog === 'apply' ? (
        <ApplySheet
          instance={instance}
          rehearsal={rehearsal}
          backups={byId}
          onClose={() => setDialog(undefined)}
        />
      ) : null}
    </>
  )
}

/** The clock of the window moves on all the time; a plan of some day need not be asked for again for that. */
function wholeHour(ms: number): number {
  return Math.floor(ms / 3_600_000) * 3_600_000
}

/** Days from one day to a later one; undefined for what is no later day. */
function daysTo(date: string, today: string, zone: string): number | undefined {
  const to = readWholeTime(`${date} 00:00`, zone)
  const from = readWholeTime(`${today} 00:00`, zone)
  if (to === undefined || from === undefined || to < from) return undefined
  // A day on which the clock changes is an hour longer or shorter.
  return Math.round((to - from) / DAY_MS)
}
