import type { RestorePlan } from '../../../engine/api/contract/restore.ts'
import { saySentence, useTexts } from '../../lib/i18n.ts'
import { isAbsolute } from './restore-draft.ts'

export const MARKS = { ok: '✓', unknown: '?', warning: '!', blocked: '✕' } as const
export const TONES = {
  ok: 'quiet',
  unknown: 'quiet',
  warning: 'status look',
  blocked: 'status broken',
} as const

/** Where tablespaces or external directories were and where they go; each new place is looked at while it is typed. */
export function Mappings(props: {
  readonly title: string
  readonly rows: readonly { readonly from: string; readonly to: string }[]
  readonly plan: RestorePlan | undefined
  readonly onMove: (from: string, to: string) => void
}) {
  const { say } = useTexts()
  const { title, rows, plan, onMove } = props
  if (rows.length === 0) return null
  return (
    <table className="plain mappings">
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">{say('restore.from')}</th>
          <th scope="col">{say('restore.to')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ from, to }) => {
          const seen = plan?.preflight.find(
            ({ code, sentence }) =>
              (code === 'tablespaces' || code === 'external-dirs') && sentence.values['path'] === to,
          )
          return (
            <tr key={from}>
              <td className="mono">{from}</td>
              <td>
                <input
                  aria-label={`${from} ${say('restore.to')}`}
                  value={to}
                  spellCheck={false}
                  aria-invalid={!isAbsolute(to)}
                  onChange={(event) => onMove(from, event.target.value)}
                />
                {isAbsolute(to) ? null : (
                  <small className="status broken">✕ {say('restore.not-absolute')}</small>
                )}
                {seen === undefined || !isAbsolute(to) ? null : (
                  <small className={TONES[seen.state]}>
                    {MARKS[seen.state]} {saySentence(say, 'preflight', seen.sentence)}
                  </small>
                )}
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
