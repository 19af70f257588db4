import { type KeyboardEvent, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { BackupList, BackupRecord } from '../../../engine/api/contract/backups.ts'
import { hasEnded, type JobSnapshot } from '../../../engine/api/contract/jobs.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { errorLine } from '../../lib/error-texts.ts'
import { formatBytes, formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { announce, navigate, useStore } from '../../lib/stores.ts'
import { useDrills } from '../../lib/use-drills.ts'
import { useNow } from '../../lib/use-now.ts'
import { ChainRibbons } from '../../pictures/chain-ribbons.tsx'
import { filterWords, fitsFilter, isInRange } from './backup-filter.ts'
import type { CardAction } from './backup-state.ts'
import { BackupTable } from './backup-table.tsx'
import { familiesOf, familyOf } from './families.ts'
import { FilterBar } from './filter-bar.tsx'
import { Inspector } from './inspector.tsx'
import { adviseMerge } from './merge-advice.ts'
import { DeleteSheet, MergeSheet } from './plan-sheets.tsx'
import { restoreCommand } from './restore-command.ts'
import { ribbonTexts, toChainBackup } from './ribbon-texts.ts'
import { type Choice, choiceOf, choose, chooseAll, keepKnown, selectionOf } from './selection.ts'
import { SelectionInspector } from './selection-inspector.tsx'
import { useFilter, useSettled } from './use-filter.ts'

type OpenSheet =
  | { readonly kind: 'merge'; readonly backup: BackupRecord }
  | { readonly kind: 'delete'; readonly backups: readonly BackupRecord[] }

/** Picture, filter, list and inspector of an instance that has backups. */
export function ChainsWorkplace(props: {
  readonly instance: InstanceRef
  readonly list: BackupList
  readonly initial: string | undefined
  readonly onBackUp: () => void
  /** Why the list is not the newest; undefined when it is. */
  readonly failure: ReactNode | undefined
}) {
  const { instance, list, onBackUp, failure } = props
  const { backups } = list
  const engine = useEngine()
  const { say, language } = useTexts()
  const nowMs = useNow()
  const zone = useStore((store) => store.settings.timeZone)
  const jobs = useStore((store) => store.jobs)
  const [chosen, setChosen] = useState(() => selectionOf(props.initial ?? backups[0]?.id))
  const [filter, setFilter] = useFilter(instance)
  const [typed, setTyped] = useState('')
  const [isFlat, setFlat] = useState(false)
  const [sheet, setSheet] = useState<OpenSheet | undefined>(undefined)
  const { words, range } = filter
  const latest = useDrills(instance)
  const drills = useMemo(() => new Map(latest.map((drill) => [drill.backupId, drill])), [latest])

  const fitting = useMemo(() => {
    const all = [...words, ...filterWords(typed)]
    return all.length === 0 ? backups : backups.filter((backup) => fitsFilter(backup, all, zone))
  }, [backups, words, typed, zone])
  const drawn = useMemo(() => backups.map(toChainBackup), [backups])
  const standingOut = useMemo(
    () => (fitting === backups ? undefined : new Set<string>(fitting.map(({ id }) => id))),
    [fitting, backups],
  )
  // A list of ten thousand rows cannot be made anew for every frame of a drag.
  const settledRange = useSettled(range, range === undefined ? 0 : SETTLING_MS)
  const listed = useMemo(
    () =>
      settledRange === undefined ? fitting : fitting.filter((backup) => isInRange(backup, settledRange)),
    [fitting, settledRange],
  )
  const selection = useMemo(() => keepKnown(chosen, new Set(backups.map(({ id }) => id))), [chosen, backups])
  const picked = useMemo(() => backups.filter(({ id }) => selection.ids.has(id)), [backups, selection])
  const backup = picked.length === 1 ? picked[0] : undefined
  const onChoose = useCallback(
    (id: string, how: Choice, order: readonly string[]) =>
      setChosen((before) => choose(before, id, how, order)),
    [],
  )
  const onAll = useCallback((order: readonly string[]) => setChosen((before) => chooseAll(before, order)), [])
  const family = useMemo(() => (backup === undefined ? [] : familyOf(backups, backup)), [backups, backup])
  const advice = useMemo(() => adviseMerge(backups, nowMs), [backups, nowMs])
  const running = useMemo(
    () =>
      Object.values(jobs).filter(
        (job) => !hasEnded(job) && job.catalog === instance.catalog && job.instance === instance.instance,
      ),
    [jobs, instance],
  )
  const percents = running
    .filter(({ kind }) => kind === 'backup')
    .map(({ backupId, progress }) => `${backupId} ${percentOf(progress)}`)
    .join('\n')
  const texts = useMemo(() => {
    const known = new Map(percents.split('\n').map((line) => line.split(' ') as [string, string | undefined]))
    return ribbonTexts(say, zone, language, backups, (id) => {
      const percent = known.get(id) ?? ''
      return percent === '' ? undefined : Number(percent)
    })
  }, [say, zone, language, backups, percents])

  const validate = useCallback(
    async (...ids: BackupRecord['id'][]): Promise<void> => {
      const { job } = await engine['backups.validate']({ ...instance, ids, threads: 2 })
      navigate({ screen: 'job', job })
    },
    [engine, instance],
  )
  const act = async (action: CardAction, subject: BackupRecord): Promise<void> => {
    if (action === 'back-up') onBackUp()
    else if (action === 'finish-merge') setSheet({ kind: 'merge', backup: subject })
    else if (action === 'delete' || action === 'finish-delete')
      setSheet({ kind: 'delete', backups: [subject] })
    else if (action === 'mark-failed') {
      await engine['backups.mark-failed']({ ...instance, id: subject.id })
      announce(say('card.marked-failed', { id: subject.id }))
    } else await validate(subject.id)
  }
  const pressed = (event: KeyboardEvent): void => {
    const copy = (text: string): void =>
      void navigator.clipboard.writeText(text).then(() => announce(say('common.copied')))
    const ids = picked.map(({ id }) => id)
    const always: Actions = {
      Enter: () => focusIn('.inspector'),
      t: () => focusIn(event.currentTarget.matches('.ribbons') ? '.backup-table' : '.ribbons'),
    }
    const ofAny: Actions = {
      v: () =>
        void validate(...ids).catch((thrown: unknown) =>
          announce(thrown instanceof EngineError ? errorLine(thrown, language) : String(thrown)),
        ),
      Delete: () => setSheet({ kind: 'delete', backups: picked }),
      c: () => copy(ids.join('\n')),
    }
    const ofOne = (one: BackupRecord): Actions => ({
      r: () => navigate({ screen: 'restore', instance, backupId: one.id }),
      m: () => setSheet({ kind: 'merge', backup: one }),
      C: () => copy(restoreCommand(instance, one.id)),
      n: () => focusIn('.inspector .note input'),
      p: () => focusIn('.inspector .pin input'),
    })
    const actions: Actions = {
      ...always,
      ...(ids.length > 0 && ofAny),
      ...(backup !== undefined && ofOne(backup)),
    }
    const action = actions[event.key]
    if (action === undefined) return
    action()
    event.preventDefault()
  }
  const pressing = useRef(pressed)
  useEffect(() => {
    pressing.current = pressed
  })
  const onKey = useCallback((event: KeyboardEvent) => pressing.current(event), [])

  return (
    <div className="chains-layout">
      <div className="chains">
        {failure}
        {list.problems.length === 0 ? null : (
          <p className="status look">
            ⚠{' '}
            {say('chains.unreadable', {
              count: list.problems.length,
              ids: list.problems
                .slice(0, MOST_NAMES)
                .map(({ id }) => id)
                .join(', '),
            })}
          </p>
        )}
        <section className={failure === undefined ? 'card picture' : 'card picture is-old'} data-region>
          <ChainRibbons
            backups={drawn}
            fitting={standingOut}
            nowMs={nowMs}
            selectedId={selection.at}
            selectedIds={selection.ids}
            onSelect={(id, held) =>
              onChoose(
                id,
                held === undefined ? 'one' : choiceOf(held),
                listed.map((one) => one.id),
              )
            }
            range={range}
            onRange={(next) => setFilter({ words, range: next })}
            onKey={onKey}
            onSpeak={announce}
            texts={texts}
          />
        </section>
        {advice === undefined ? null : (
          <p className="advice">
            <span>
              {say('chains.advice', {
                count: advice.tip.chainLength,
                bytes: formatBytes(advice.tip.restoreBytes),
                date: formatTime(advice.upTo.startTime, zone).slice(0, 16),
                percent: advice.savedPercent,
              })}
            </span>
            <button
              type="button"
              className="button small"
              onClick={() => setSheet({ kind: 'merge', backup: advice.upTo })}
            >
              {say('chains.advice-do')}
            </button>
          </p>
        )}
        <FilterBar
          backups={backups}
          shownCount={listed.length}
          filter={filter}
          onFilter={setFilter}
          typed={typed}
          onType={setTyped}
          isFlat={isFlat}
          onFlat={setFlat}
        />
        <BackupTable
          backups={listed}
          drills={drills}
          selection={selection}
          onChoose={onChoose}
          onAll={onAll}
          onKey={onKey}
          isFlat={isFlat}
          none={say('chains.none-fits')}
        />
      </div>
      {backup === undefined ? (
        <SelectionInspector
          backups={picked}
          listed={listed}
          onValidate={() => validate(...picked.map(({ id }) => id))}
          onDelete={() => setSheet({ kind: 'delete', backups: picked })}
          onNone={() => setChosen(selectionOf(selection.at))}
        />
      ) : (
        <Inspector
          instance={instance}
          backup={backup}
          drill={drills.get(backup.id)}
          family={family}
          isMergeRunning={running.some(({ kind }) => kind === 'merge')}
          onAct={act}
          onSheet={(kind) => setSheet(kind === 'merge' ? { kind, backup } : { kind, backups: [backup] })}
        />
      )}
      {sheet?.kind === 'delete' ? (
        <DeleteSheet
          instance={instance}
          backups={sheet.backups}
          families={familiesOf(backups, sheet.backups)}
          onClose={() => setSheet(undefined)}
        />
      ) : null}
      {sheet?.kind === 'merge' ? (
        <MergeSheet
          instance={instance}
          backup={sheet.backup}
          family={familyOf(backups, sheet.backup)}
          onClose={() => setSheet(undefined)}
        />
      ) : null}
    </div>
  )
}

/** What keys do. */
type Actions = Readonly<Record<string, () => void>>

const SETTLING_MS = 120
const MOST_NAMES = 5

function focusIn(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus()
}

function percentOf(progress: JobSnapshot['progress']): string {
  const { doneBytes = 0, totalBytes = 0 } = progress ?? {}
  return totalBytes === 0 ? '' : String(Math.floor((doneBytes / totalBytes) * 100))
}
