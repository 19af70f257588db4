import type { ReactNode } from 'react'
import type { WalSetupNote, WalSetupWay } from '../../../engine/api/contract/wal-setup.ts'
import { formatTime } from '../../lib/format.ts'
import { saySentence, useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'
import { CopyText } from '../../ui/parts.tsx'

const MARKS = { ok: '✓', attention: '!', problem: '✕' } as const
const LOOKS = { ok: 'ok', attention: 'warning', problem: 'failed' } as const

/** What was seen of one way, what of the server has to change for it, and that as text to copy. */
export function SetupWay({
  way,
  hbaLine,
}: {
  readonly way: WalSetupWay
  readonly hbaLine?: string | undefined
}) {
  const { say } = useTexts()
  const copy = { label: say('common.copy'), doneLabel: say('common.copied') }
  return (
    <>
      <Notes notes={way.notes} />
      {way.settings.length === 0 ? null : (
        <>
          <table className="plain">
            <caption className="visually-hidden">{say('wal.settings')}</caption>
            <thead>
              <tr>
                <th scope="col">{say('wal.setting')}</th>
                <th scope="col">{say('wal.setting-now')}</th>
                <th scope="col">{say('wal.setting-wanted')}</th>
                <th scope="col">{say('wal.setting-effect')}</th>
              </tr>
            </thead>
            <tbody>
              {way.settings.map(({ name, now, wanted, takesEffect }) => (
                <tr key={name}>
                  <td className="mono">{name}</td>
                  <td className="mono wrap">{now === '' ? '—' : now}</td>
                  <td className="mono wrap">{wanted}</td>
                  <td className={takesEffect === 'restart' ? 'status look' : undefined}>
                    {say(takesEffect === 'restart' ? 'wal.by-restart' : 'wal.by-reload')}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {way.needsRestart ? <p className="status look">! {say('wal.needs-restart')}</p> : null}
        </>
      )}
      {way.sql === '' ? null : (
        <>
          <h3>{say('wal.as-sql')}</h3>
          <CopyText text={way.sql} {...copy} />
        </>
      )}
      {way.configuration === '' ? null : (
        <details>
          <summary>{say('wal.as-configuration')}</summary>
          <CopyText text={way.configuration} {...copy} />
        </details>
      )}
      {hbaLine === undefined ? null : (
        <>
          <h3>{say('wal.hba')}</h3>
          <CopyText text={hbaLine} {...copy} />
        </>
      )}
      {way.commandLine === undefined ? null : (
        <details>
          <summary>{say('wal.as-command')}</summary>
          <CopyText text={way.commandLine} {...copy} />
        </details>
      )}
    </>
  )
}

function Notes({ notes }: { readonly notes: readonly WalSetupNote[] }) {
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  return (
    <ul className="probe">
      {notes.map(({ code, state, values }) => {
        const { at } = values
        const shown = typeof at === 'string' ? { ...values, at: formatTime(at as never, zone) } : values
        return (
          <li key={code} className={LOOKS[state]}>
            <b aria-hidden="true">{MARKS[state]}</b>
            <span>{saySentence(say, 'wal-note', { code, values: shown })}</span>
          </li>
        )
      })}
    </ul>
  )
}

/** What one way costs, for whoever has to choose. */
export function Costs({ way }: { readonly way: 'command' | 'receiver' }) {
  const { say } = useTexts()
  return (
    <ul className="costs">
      {(['loss', 'change', 'load', 'needs'] as const).map((cost) => (
        <li key={cost}>{say(`wal.cost-${way}-${cost}`)}</li>
      ))}
    </ul>
  )
}

/** A way that nobody needs now, for who wants it all the same. */
export function Spare({ children }: { readonly children: ReactNode }) {
  const { say } = useTexts()
  return (
    <>
      <p className="quiet">{say('wal.spare')}</p>
      <details>
        <summary>{say('wal.spare-show')}</summary>
        <div className="stack spare">{children}</div>
      </details>
    </>
  )
}
