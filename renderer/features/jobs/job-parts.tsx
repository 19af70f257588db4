import type { JobSnapshot } from '../../../engine/api/contract/jobs.ts'
import { useTexts } from '../../lib/i18n.ts'
import { doneShare, shownState } from './job-words.ts'

const LOOKS = {
  queued: ['○', ''],
  running: ['▶', 'active'],
  succeeded: ['✓', ''],
  unsound: ['✕', 'broken'],
  noted: ['!', 'look'],
  failed: ['✕', 'broken'],
  cancelled: ['■', 'look'],
  interrupted: ['!', 'broken'],
} as const

/** The state of a job with its mark: shape and word, and a colour only where something is wrong or moves. */
export function JobState({ job }: { readonly job: JobSnapshot }) {
  const { say } = useTexts()
  const state = shownState(job)
  const [mark, tone] = LOOKS[state]
  return (
    <span className={`status ${tone}`}>
      <span aria-hidden="true">{mark}</span> {say(`state.${state}`)}
    </span>
  )
}

/** How far the phase is. Without a total it only says that something moves: never a made-up share. */
export function ProgressBar({ job, label }: { readonly job: JobSnapshot; readonly label: string }) {
  const share = doneShare(job)
  if (share === undefined) return <div className="bar unknown" role="progressbar" aria-label={label} />
  const percent = Math.floor(share * 100)
  return (
    <div
      className="bar"
      role="progressbar"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <i style={{ width: `${percent}%` }} />
    </div>
  )
}
