import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import { useTexts } from '../../lib/i18n.ts'
import { en, type TextKey } from '../../lib/locales/en.ts'
import { StatusMark } from '../../ui/status-mark.tsx'
import { type CardAction, type StatusWord, statusWord } from './backup-state.ts'

/** What the state of a backup means, whether it can be restored, what is safe, and the action that mends it. */
export function StatusCard(props: {
  readonly backup: BackupRecord
  /** What to say of it. */
  readonly word: StatusWord
  /** The one because of which it cannot be restored, if that is another. */
  readonly blocker: BackupRecord | undefined
  readonly actions: readonly CardAction[]
  readonly isMergeRunning: boolean
  /** `subject` is the backup, or the one that stands in its way. */
  readonly onAct: (action: CardAction, subject: BackupRecord) => void
}) {
  const { backup, word, blocker, actions, isMergeRunning, onAct } = props
  const { say } = useTexts()
  const shown = statusWord(backup)
  const blocked = blocker && {
    id: blocker.id,
    status: say(`status.${statusWord(blocker)}` as TextKey),
  }
  const safe = `status.${word}.safe`
  return (
    <section className={`card stack status-card${actions.length > 0 ? ' has-actions' : ''}`}>
      <StatusMark
        status={backup.status}
        isStale={shown === 'STALE'}
        word={say(`status.${shown}` as TextKey)}
      />
      <dl>
        <dt>{say('inspector.meaning')}</dt>
        <dd>{say(`status.${word}.meaning` as TextKey)}</dd>
        <dt>{say('inspector.restorable')}</dt>
        <dd>
          {blocked === undefined
            ? say(`status.${word}.restore` as TextKey)
            : say('status.BLOCKED.restore', blocked)}
        </dd>
        {Object.hasOwn(en, safe) ? (
          <>
            <dt>{say('inspector.safe')}</dt>
            <dd>{say(safe as TextKey)}</dd>
          </>
        ) : null}
        <dt>{say('inspector.todo')}</dt>
        <dd>
          {isMergeRunning && (word === 'MERGED' || word === 'MERGING')
            ? say('status.MERGING.todo')
            : blocked === undefined
              ? say(`status.${word}.todo` as TextKey)
              : say(actions.includes('back-up') ? 'status.BLOCKED.todo' : 'status.MERGED.todo', blocked)}
        </dd>
      </dl>
      {actions.length === 0 ? null : (
        <div className="row">
          {actions.map((action, index) => (
            <button
              key={action}
              type="button"
              className={
                action === 'delete' || action === 'finish-delete'
                  ? 'button danger'
                  : index === 0
                    ? 'button primary'
                    : 'button'
              }
              onClick={() => onAct(action, blocker ?? backup)}
            >
              {say(`card.${action}`)}
            </button>
          ))}
        </div>
      )}
    </section>
  )
}
