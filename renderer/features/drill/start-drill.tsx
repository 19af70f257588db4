import { useState } from 'react'
import type { EngineClient } from '../../../engine/api/contract/contract.ts'
import type { RecoveryTargetInput } from '../../../engine/api/contract/restore.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { navigate, useStore } from '../../lib/stores.ts'
import { targetWords } from '../../lib/target-words.ts'
import { useQuery } from '../../lib/use-query.ts'
import { Field } from '../../ui/parts.tsx'

type Request = Parameters<EngineClient['drills.start']>[0]

const KEPT_MINUTES = 120
const LATEST = 'latest'
const MOMENT = 'moment'

/** The moment that another screen has chosen. */
export type ChosenMoment = {
  readonly target?: RecoveryTargetInput
  readonly isInclusive?: boolean
  readonly targetTimeline?: string
}

/** What is to be tested, and with which questions. */
export function StartDrill(props: {
  readonly instance: InstanceRef
  readonly backupId: string | undefined
  readonly moment: ChosenMoment
}) {
  const { instance, moment } = props
  const engine = useEngine()
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const [what, setWhat] = useState(props.backupId ?? (moment.target === undefined ? '' : MOMENT))
  const [database, setDatabase] = useState('postgres')
  const [sql, setSql] = useState('')
  const [expected, setExpected] = useState('')
  const [checksIndexes, setChecksIndexes] = useState(false)
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const list = useQuery(`backups ${instance.catalog}\n${instance.instance}`, (signal) =>
    engine['backups.list']({ ...instance }, { signal }),
  )
  const backups = list.kind === 'ready' ? list.value.backups.filter(({ isRestorable }) => isRestorable) : []
  const chosen = what === '' ? (backups[0]?.id ?? '') : what

  const base = (): Pick<Request, 'catalog' | 'instance'> & Partial<Request> => {
    if (chosen === LATEST) return { ...instance, target: { kind: 'latest' } }
    if (chosen === MOMENT) {
      const { target, isInclusive, targetTimeline } = moment
      return {
        ...instance,
        ...(target !== undefined && { target }),
        ...(isInclusive !== undefined && { isInclusive }),
        ...(targetTimeline !== undefined && { targetTimeline }),
      }
    }
    return { ...instance, id: chosen as never, target: { kind: 'immediate' } }
  }
  const start = async (begin: () => Promise<{ readonly job: string }>): Promise<void> => {
    setFailure(undefined)
    try {
      const { job } = await begin()
      navigate({ screen: 'job', job })
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  const test = () =>
    start(() =>
      engine['drills.start']({
        ...base(),
        checksIndexes,
        ...(sql.trim() !== '' && {
          sqlChecks: [{ database, sql, ...(expected.trim() !== '' && { expected }) }],
        }),
      }),
    )
  const open = () => start(() => engine['scratch.start']({ ...base(), keepMinutes: KEPT_MINUTES }))
  const isReady = chosen !== ''
  return (
    <form
      className="card stack"
      aria-label={say('drill.start-form')}
      onSubmit={(event) => {
        event.preventDefault()
        if (isReady) void test()
      }}
    >
      <p>{say('drill.intro')}</p>
      {list.kind === 'failed' ? <EngineErrorCard error={list.error} onRetry={list.refetch} /> : null}
      {list.kind === 'ready' && backups.length === 0 ? <p role="status">{say('drill.no-backup')}</p> : null}
      <div className="drill-fields">
        <Field label={say('drill.what')}>
          <select value={chosen} onChange={(event) => setWhat(event.target.value)}>
            {moment.target === undefined ? null : (
              <option value={MOMENT}>
                {say('drill.at-moment', {
                  what: targetWords(say, moment.target, moment.isInclusive ?? true, zone),
                })}
              </option>
            )}
            <option value={LATEST}>{say('drill.latest')}</option>
            {backups.map((backup) => (
              <option key={backup.id} value={backup.id}>
                {say('drill.of-backup', {
                  id: backup.id,
                  mode: backup.mode,
                  time: formatTime(backup.recoveryTime ?? backup.startTime, zone),
                })}
              </option>
            ))}
          </select>
        </Field>
        <Field label={say('drill.database')}>
          <input value={database} onChange={(event) => setDatabase(event.target.value)} />
        </Field>
      </div>
      <div className="drill-fields">
        <Field label={say('drill.sql')} hint={say('drill.sql-hint')}>
          <textarea
            className="mono"
            rows={2}
            spellCheck={false}
            value={sql}
            onChange={(event) => setSql(event.target.value)}
          />
        </Field>
        <Field label={say('drill.expected')} hint={say('drill.expected-hint')}>
          <textarea
            className="mono"
            rows={2}
            spellCheck={false}
            value={expected}
            onChange={(event) => setExpected(event.target.value)}
          />
        </Field>
      </div>
      <label className="row">
        <input
          type="checkbox"
          checked={checksIndexes}
          onChange={(event) => setChecksIndexes(event.target.checked)}
        />
        <span>{say('drill.indexes')}</span>
      </label>
      {failure === undefined ? null : <EngineErrorCard error={failure} />}
      <div className="row">
        <button type="submit" className="button primary" disabled={!isReady}>
          {say('drill.test')}
        </button>
        <button type="button" className="button" disabled={!isReady} onClick={() => void open()}>
          {say('drill.open')}
        </button>
      </div>
    </form>
  )
}
