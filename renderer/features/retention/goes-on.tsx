import type { BackupRhythm } from '../../../engine/base/backup-rhythm.ts'
import { formatDuration } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'

/** Whether backups that are to come are counted and drawn, and on what that rests. */
export function GoesOn(props: {
  readonly rhythm: BackupRhythm
  readonly isOn: boolean
  readonly onChange: (isOn: boolean) => void
}) {
  const { rhythm, isOn, onChange } = props
  const { say, language } = useTexts()
  const hint =
    rhythm.kind === 'unknown'
      ? say(`retention.goes-on-${rhythm.why}`)
      : say('retention.goes-on-hint', {
          modes: rhythm.modes
            .map(({ mode, everySeconds }) =>
              say('retention.goes-on-mode', {
                mode,
                every: formatDuration(everySeconds, true),
              }),
            )
            .join(language === 'zh-CN' ? '，' : ', '),
        })
  return (
    <label className="retention-check">
      <input
        type="checkbox"
        checked={isOn && rhythm.kind === 'known'}
        disabled={rhythm.kind === 'unknown'}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>
        {say('retention.goes-on')} <small>{hint}</small>
      </span>
    </label>
  )
}
