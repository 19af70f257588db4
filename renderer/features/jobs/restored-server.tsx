import { useEffect, useState } from 'react'
import type { RestoredRecord } from '../../../engine/api/contract/restored.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard, EngineErrorLines } from '../../lib/engine-error-card.tsx'
import { dotted, formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { announce, navigate, useStore } from '../../lib/stores.ts'
import { useQuery } from '../../lib/use-query.ts'
import { CopyText } from '../../ui/parts.tsx'
import { LogLines, ReplayLine } from './replay-lines.tsx'

const LOOK_MS = 4000
/** While it replays, whoever watches wants to see it move. */
const REPLAY_LOOK_MS = 1000

/** What became of a restored directory: whether its server runs, where it stands, and what recovery has left there. */
export function RestoredServer(props: {
  readonly instance: InstanceRef
  readonly dataDirectory: string
  /** Where replay comes to its target, if that is known. */
  readonly endLsn: string | undefined
}) {
  const { instance, dataDirectory, endLsn } = props
  const engine = useEngine()
  const { say } = useTexts()
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const [isBusy, setBusy] = useState(false)
  const place = { ...instance, dataDirectory }
  const found = useQuery(`restored ${JSON.stringify(place)}`, async (signal) => {
    const record = await engine['restored.look'](place, { signal })
    return { ...record, seenMs: performance.now() }
  })
  const { kind, refetch } = found
  const state = found.kind === 'ready' ? found.value.server?.state : undefined
  const isReplaying = state === 'starting' || state === 'replaying'
  const isOver = found.kind === 'ready' && found.value.stage === 'open'
  useEffect(() => {
    if (isOver || kind !== 'ready') return undefined
    const timer = setInterval(refetch, isReplaying ? REPLAY_LOOK_MS : LOOK_MS)
    return () => clearInterval(timer)
  }, [isOver, isReplaying, kind, refetch])
  const attempt = async (work: () => Promise<unknown>, notice: string): Promise<void> => {
    setFailure(undefined)
    setBusy(true)
    try {
      await work()
      announce(notice)
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    } finally {
      setBusy(false)
      refetch()
    }
  }
  return (
    <section className="card stack" aria-label={say('after.title')}>
      <div className="row">
        <h2 className="grow">{say('after.title')}</h2>
        <button type="button" className="button small" onClick={refetch}>
          {say('after.look')}
        </button>
      </div>
      {found.kind !== 'failed' ? null : found.error.code === 'storage.not-found' ? (
        <p className="quiet">{say('after.gone')}</p>
      ) : (
        <EngineErrorCard error={found.error} />
      )}
      {found.kind === 'ready' ? <Standing restored={found.value} /> : null}
      {found.kind === 'ready' && isReplaying ? <ReplayLine restored={found.value} endLsn={endLsn} /> : null}
      {found.kind === 'ready' ? <LogLines log={found.value.log} /> : null}
      {found.kind === 'ready' && found.value.server?.state === 'paused' ? (
        <div className="row">
          <button
            type="button"
            className="button primary"
            disabled={isBusy}
            onClick={() => void attempt(() => engine['restored.promote'](place), say('after.promoted'))}
          >
            {say('after.promote')}
          </button>
          <button type="button" className="button" onClick={() => navigate({ screen: 'restore', instance })}>
            {say('scratch.elsewhere')}
          </button>
          <span className="quiet">{say('after.promote-hint')}</span>
        </div>
      ) : null}
      {found.kind === 'ready' ? (
        <Leftovers
          restored={found.value}
          isBusy={isBusy}
          onCleanUp={() => void attempt(() => engine['restored.clean-up'](place), say('after.cleaned'))}
        />
      ) : null}
      {failure === undefined ? null : <EngineErrorCard error={failure} />}
    </section>
  )
}

function Standing({ restored: { stage, server } }: { readonly restored: RestoredRecord }) {
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const state = server?.state ?? (server === undefined ? 'stopped' : 'unknown')
  return (
    <>
      <p role="status">
        {state === 'stopped'
          ? say(`after.stage-${stage}`)
          : say(`after.server-${state}`, { host: server?.host ?? '', port: server?.port ?? '' })}
      </p>
      {server?.lsn === undefined ? null : (
        <p className="quiet numbers">
          {dotted([
            server.lsn,
            server.lastCommitAt === undefined
              ? undefined
              : say('scratch.last-commit', { time: formatTime(server.lastCommitAt, zone) }),
          ])}
        </p>
      )}
      {server?.problem === undefined ? null : <EngineErrorLines error={server.problem} />}
    </>
  )
}

/** The files and settings of recovery; the marked ones can be taken out when it is over. */
function Leftovers(props: {
  readonly restored: RestoredRecord
  readonly isBusy: boolean
  readonly onCleanUp: () => void
}) {
  const { files, settings, unmarkedSettings, stage } = props.restored
  const { say } = useTexts()
  const copy = { label: say('common.copy'), doneLabel: say('common.copied') }
  if (files.length + settings.length + unmarkedSettings.length === 0)
    return <p className="quiet">{say('after.clean')}</p>
  const names = unmarkedSettings.map((line) => line.split('=', 1)[0]?.trim() ?? '')
  return (
    <>
      <h3>{say('after.changed')}</h3>
      <ul className="plain-list">
        {files.map((file) => (
          <li key={file}>
            <span className="mono">{file}</span>{' '}
            <span className="quiet">{say(`after.file-${kindOf(file)}`)}</span>
          </li>
        ))}
        {settings.length === 0 ? null : (
          <li>
            <details>
              <summary>{say('after.settings', { count: settings.length })}</summary>
              <pre className="mono">{settings.join('\n')}</pre>
            </details>
          </li>
        )}
      </ul>
      {settings.length === 0 ? null : (
        <div className="row">
          <button
            type="button"
            className="button"
            disabled={stage !== 'open' || props.isBusy}
            onClick={props.onCleanUp}
          >
            {say('after.clean-up')}
          </button>
          <span className="quiet">
            {say(stage === 'open' ? 'after.clean-up-hint' : 'after.clean-up-later')}
          </span>
        </div>
      )}
      {unmarkedSettings.length === 0 || stage !== 'open' ? null : (
        <>
          <p>{say('after.unmarked')}</p>
          <CopyText text={names.map((name) => `ALTER SYSTEM RESET ${name};`).join('\n')} {...copy} />
        </>
      )}
    </>
  )
}

function kindOf(file: string): 'signal' | 'label' | 'old' {
  return file.endsWith('.signal') ? 'signal' : file.endsWith('.old') ? 'old' : 'label'
}
