import { useState } from 'react'
import type { ScratchServerRecord } from '../../../engine/api/contract/scratch.ts'
import { shellWord } from '../../../engine/base/shell-word.ts'
import { useEngine } from '../../lib/engine.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { navigate } from '../../lib/stores.ts'
import { CopyText } from '../../ui/parts.tsx'

/** What a scratch server stands at, and what can be done with it: open it for writing, or go to another moment. */
export function PromoteRow(props: {
  readonly server: ScratchServerRecord
  readonly onPromote: (work: () => Promise<unknown>) => Promise<void>
}) {
  const { server } = props
  const engine = useEngine()
  const { say } = useTexts()
  const [isPromoting, setPromoting] = useState(false)
  const { catalog, instance, connection } = server
  const promote = async (): Promise<void> => {
    setPromoting(true)
    await props.onPromote(() => engine['scratch.promote']({ id: server.id }))
    setPromoting(false)
  }
  return (
    <>
      <p role="status">{say(server.state === 'paused' ? 'scratch.paused' : 'scratch.open')}</p>
      {server.state === 'paused' ? null : (
        <CopyText
          text={`psql -h ${shellWord(connection.host)} -p ${connection.port} -U ${shellWord(connection.user)}`}
          label={say('common.copy')}
          doneLabel={say('common.copied')}
        />
      )}
      <div className="row">
        {server.state === 'paused' ? (
          <>
            <button type="button" className="button" disabled={isPromoting} onClick={() => void promote()}>
              {say(isPromoting ? 'scratch.promoting' : 'scratch.promote')}
            </button>
            <span className="quiet">{say('scratch.promote-hint')}</span>
          </>
        ) : null}
        <button
          type="button"
          className="button"
          onClick={() => navigate({ screen: 'restore', instance: { catalog, instance } })}
        >
          {say('scratch.elsewhere')}
        </button>
      </div>
    </>
  )
}
