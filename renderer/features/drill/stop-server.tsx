import { useState } from 'react'
import type { ScratchServerRecord } from '../../../engine/api/contract/scratch.ts'
import { useEngine } from '../../lib/engine.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { Dialog } from '../../ui/parts.tsx'

/** Stops a scratch server and removes its files: at once while it is as it was restored, else only after asking. */
export function StopServer(props: {
  readonly server: ScratchServerRecord
  readonly onStop: (work: () => Promise<unknown>) => Promise<void>
}) {
  const { server, onStop } = props
  const engine = useEngine()
  const { say } = useTexts()
  const [isAsking, setAsking] = useState(false)
  const stop = (): void => {
    setAsking(false)
    void onStop(() => engine['scratch.stop']({ id: server.id }))
  }
  return (
    <>
      <button
        type="button"
        className="button small"
        // What takes writes may hold what is nowhere else.
        onClick={() => (server.state === 'paused' ? stop() : setAsking(true))}
      >
        {say(server.state === 'paused' ? 'scratch.stop' : 'scratch.stop-ask')}
      </button>
      {isAsking ? (
        <Dialog
          title={say('scratch.stop-title')}
          closeLabel={say('common.close')}
          onClose={() => setAsking(false)}
          footer={
            <>
              <button type="button" className="button" data-first onClick={() => setAsking(false)}>
                {say('scratch.stop-not')}
              </button>
              <button type="button" className="button danger" onClick={stop}>
                {say('scratch.stop-now')}
              </button>
            </>
          }
        >
          <p>{say('scratch.stop-text')}</p>
        </Dialog>
      ) : null}
    </>
  )
}
