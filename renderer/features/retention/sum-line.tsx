import type { RetentionPlanRecord } from '../../../engine/api/contract/retention.ts'
import { formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import type { RetentionSum } from './retention-facts.ts'

/** What a policy comes to at a moment, in one line. */
export function SumLine(props: {
  readonly label: string
  readonly sum: RetentionSum
  /** Undefined while the engine is asked. */
  readonly plan: RetentionPlanRecord | undefined
  readonly purgesWal: boolean
  readonly remark?: string
}) {
  const { label, sum, plan, purgesWal, remark } = props
  const { say } = useTexts()
  const deleted = say('retention.deleted', { count: sum.deleted, bytes: formatBytes(sum.deletedBytes) })
  return (
    <p className="numbers">
      <strong>{label}</strong> {say('retention.kept', { count: sum.kept })} ·{' '}
      {say('retention.held', { count: sum.held })} ·{' '}
      {sum.merged === 0 ? '' : `${say('retention.merged', { count: sum.merged })} · `}
      <span className={sum.deleted === 0 ? undefined : 'goes'}>{deleted}</span>
      {!purgesWal
        ? ''
        : ` · ${plan === undefined ? say('retention.wal-asking') : say('retention.wal', { bytes: formatBytes(plan.walBytes) })}`}
      {remark === undefined ? null : <span className="quiet"> {remark}</span>}
    </p>
  )
}
