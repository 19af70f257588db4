import type { DrillRecord } from '../../../engine/api/contract/drills.ts'
import { DRILL_MARKS, DrillBadge } from '../../lib/drill-badge.tsx'
import { formatBytes, formatDuration, formatTime } from '../../lib/format.ts'
import { type Say, useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'

/** Drills, the newest first and open: a badge, what was looked at, and how long each step took. */
export function DrillResults({ drills }: { readonly drills: readonly DrillRecord[] }) {
  return (
    <ol className="plain-list stack">
      {drills.map((drill, index) => (
        <li key={drill.id}>
          <Result drill={drill} isOpen={index === 0 || !drill.isPassed} />
        </li>
      ))}
    </ol>
  )
}

function Result({ drill, isOpen }: { readonly drill: DrillRecord; readonly isOpen: boolean }) {
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const { isPassed, checks, steps } = drill
  return (
    <details className="card drill-result" open={isOpen}>
      <summary>
        <DrillBadge drill={drill} />
        <span className="quiet numbers">
          {[drill.backupId, formatTime(drill.startedAt, zone), formatDuration(drill.durationMs / 1000)].join(
            ' · ',
          )}
        </span>
      </summary>
      <ul className="plain-list drill-checks" aria-label={say('drill.checks')}>
        {checks.map((check, index) => (
          <li key={index} className={`drill-check ${check.state}`}>
            <span className="drill-mark" aria-hidden="true">
              {DRILL_MARKS[check.state]}
            </span>
            <span>
              <span className="visually-hidden">{say(`drill.${check.state}`)}: </span>
              {say(`drill-note.${check.code}`, check.values)}
            </span>
          </li>
        ))}
      </ul>
      <p className="quiet numbers">
        {steps.map((step) => stepText(say, step)).join(' · ')}
        {isPassed ? '' : ` · ${say('drill.look')}`}
      </p>
    </details>
  )
}

function stepText(say: Say, { step, durationMs, bytes }: DrillRecord['steps'][number]): string {
  const time = durationMs < 1000 ? `${durationMs} ms` : formatDuration(durationMs / 1000)
  const size = bytes === undefined || bytes === 0 ? '' : ` (${formatBytes(bytes)})`
  return `${say(`drill.step-${step}`)} ${time}${size}`
}
