import type { ReactNode } from 'react'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useTexts } from '../../lib/i18n.ts'
import { navigate } from '../../lib/stores.ts'

export const STEPS = ['what', 'where', 'how', 'preflight', 'review'] as const
export type Step = (typeof STEPS)[number]

/** Back, how far, and on; `last` stands where *Next* is in other steps. */
export function StepFoot(props: {
  readonly step: number
  readonly isReady: boolean
  readonly onStep: (step: number) => void
  readonly last?: ReactNode
}) {
  const { step, isReady, onStep, last } = props
  const { say } = useTexts()
  return (
    <div className="row step-foot">
      <button type="button" className="button" disabled={step === 0} onClick={() => onStep(step - 1)}>
        {say('common.back')}
      </button>
      <span className="grow quiet">{say('restore.progress', { step: step + 1, steps: STEPS.length })}</span>
      {last ?? (
        <button type="button" className="button primary" disabled={!isReady} onClick={() => onStep(step + 1)}>
          {say('common.next')}
        </button>
      )}
    </div>
  )
}

export function BackToChains({
  instance,
  backupId,
}: {
  readonly instance: InstanceRef
  readonly backupId: string | undefined
}) {
  const { say } = useTexts()
  return (
    <div className="row">
      <button
        type="button"
        className="button"
        onClick={() =>
          navigate({ screen: 'chains', instance, ...(backupId !== undefined && { selected: backupId }) })
        }
      >
        {say('restore.go-back')}
      </button>
    </div>
  )
}
