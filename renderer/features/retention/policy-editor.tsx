import { useState } from 'react'
import type { RetentionPlanRecord } from '../../../engine/api/contract/retention.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { announce } from '../../lib/stores.ts'
import { Field } from '../../ui/parts.tsx'
import { isSamePolicy, POLICY_KEYS, type PolicyDraft } from './retention-facts.ts'
import { combinationKey } from './retention-texts.ts'

const MOST = 0xffff_ffff

/** What is rehearsed: the policy, and what is done with it. */
export type Rehearsal = {
  readonly policy: PolicyDraft
  readonly rule: RetentionPlanRecord['rule']
  readonly mergesExpired: boolean
  readonly purgesWal: boolean
}

/** The policy as it is tried out; it becomes that of the instance only when it is saved. */
export function PolicyEditor(props: {
  readonly instance: InstanceRef
  readonly value: Rehearsal
  readonly saved: PolicyDraft
  readonly onChange: (value: Rehearsal) => void
}) {
  const { instance, value, saved, onChange } = props
  const { policy } = value
  const engine = useEngine()
  const { say } = useTexts()
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const isSaved = isSamePolicy(policy, saved)
  const save = async (): Promise<void> => {
    setFailure(undefined)
    try {
      await engine['instances.change-config']({
        ...instance,
        values: Object.fromEntries(
          Object.entries(POLICY_KEYS).map(([name, key]) => [key, String(policy[name as keyof PolicyDraft])]),
        ),
      })
      announce(say('retention.saved'))
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  const number = (name: keyof PolicyDraft, label: string, hint: string) => (
    <Field label={label} hint={hint}>
      <input
        type="number"
        min={0}
        max={MOST}
        value={policy[name]}
        onChange={(event) => {
          const typed = Math.trunc(Number(event.target.value))
          const next = Number.isFinite(typed) ? Math.min(MOST, Math.max(0, typed)) : 0
          onChange({ ...value, policy: { ...policy, [name]: next } })
        }}
      />
    </Field>
  )
  return (
    <form
      className="card retention-editor"
      aria-label={say('retention.policy')}
      onSubmit={(event) => {
        event.preventDefault()
        if (!isSaved) void save()
      }}
      data-region
    >
      <h2>{say('retention.policy')}</h2>
      {number('redundancy', say('retention.redundancy'), say('retention.redundancy-hint'))}
      {number('windowDays', say('retention.window'), say('retention.window-hint'))}
      <p className="combination">{say(combinationKey(policy))}</p>
      {number('walDepth', say('retention.wal-depth'), say('retention.wal-depth-hint'))}
      <Check
        label={say('retention.merge')}
        hint={say('retention.merge-hint')}
        isOn={value.mergesExpired}
        onChange={(mergesExpired) => onChange({ ...value, mergesExpired })}
      />
      <Check
        label={say('retention.purge')}
        hint={say('retention.purge-hint')}
        isOn={value.purgesWal}
        onChange={(purgesWal) => onChange({ ...value, purgesWal })}
      />
      <Field
        label={say('retention.rule')}
        hint={
          policy.windowDays === 0
            ? say('retention.rule-none')
            : say(`retention.rule-${value.rule}`, { days: policy.windowDays })
        }
      >
        <select
          value={value.rule}
          onChange={(event) => onChange({ ...value, rule: event.target.value === 'gs' ? 'gs' : 'probackup' })}
        >
          <option value="probackup">pg_probackup</option>
          <option value="gs">gs_probackup</option>
        </select>
      </Field>
      <button type="submit" className="button" disabled={isSaved}>
        {say('retention.save')}
      </button>
      <p className={isSaved ? 'quiet' : 'status look'}>
        {isSaved
          ? say('retention.is-saved')
          : say('retention.unsaved', {
              redundancy: saved.redundancy,
              days: saved.windowDays,
              depth: saved.walDepth,
            })}
      </p>
      {failure === undefined ? null : <EngineErrorCard error={failure} />}
    </form>
  )
}

function Check(props: {
  readonly label: string
  readonly hint: string
  readonly isOn: boolean
  readonly onChange: (isOn: boolean) => void
}) {
  return (
    <label className="retention-check">
      <input
        type="checkbox"
        checked={props.isOn}
        onChange={(event) => props.onChange(event.target.checked)}
      />
      <span>
        {props.label}
        <small>{props.hint}</small>
      </span>
    </label>
  )
}
