import { useEffect, useRef, useState } from 'react'
import type { ScratchRows, ScratchServerRecord } from '../../../engine/api/contract/scratch.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { dotted, formatDuration, formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { announce, useStore } from '../../lib/stores.ts'
import { useNow } from '../../lib/use-now.ts'
import { PromoteRow } from './promote-row.tsx'
import { StopServer } from './stop-server.tsx'
import { Field } from '../../ui/parts.tsx'
import { Comparison } from './comparison.tsx'

const KEPT_MINUTES = 120

/** A server that is up for a while: questions to it, and what differs from now. */
export function ScratchPanel(props: {
  readonly server: ScratchServerRecord
  /** Told before it is stopped from here. */
  readonly onStop: () => void
}) {
  const { server } = props
  const engine = useEngine()
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const nowMs = useNow(1000)
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const leftSeconds = Math.max(0, (Date.parse(server.deadline) - nowMs) / 1000)
  const attempt = async (work: () => Promise<unknown>, notice: string): Promise<void> => {
    setFailure(undefined)
    try {
      await work()
      announce(notice)
    } catch (thrown) {
      setFailure(asFailure(thrown))
    }
  }
  return (
    <section className="card stack scratch" aria-label={say('scratch.name', { id: server.backupId })}>
      <div className="row">
        <h2 className="grow">{say('scratch.title', { id: server.backupId })}</h2>
        <span className="numbers" role="timer">
          {say('scratch.removed-in', { time: formatDuration(leftSeconds) })}
        </span>
        <button
          type="button"
          className="button small"
          onClick={() =>
            void attempt(
              () => engine['scratch.keep']({ id: server.id, minutes: KEPT_MINUTES }),
              say('scratch.kept'),
            )
          }
        >
          {say('scratch.keep')}
        </button>
        <StopServer
          server={server}
          onStop={(work) => {
            props.onStop()
            return attempt(work, say('scratch.stopped'))
          }}
        />
      </div>
      <p className="quiet numbers">
        {dotted([
          server.timeline === undefined ? undefined : say('scratch.timeline', { timeline: server.timeline }),
          server.lsn,
          server.lastCommitAt === undefined
            ? undefined
            : say('scratch.last-commit', { time: formatTime(server.lastCommitAt, zone) }),
        ])}
      </p>
      <PromoteRow server={server} onPromote={(work) => attempt(work, say('scratch.promoted'))} />
      {failure === undefined ? null : <EngineErrorCard error={failure} />}
      <SqlPane server={server} />
      <Comparison server={server} />
    </section>
  )
}

function SqlPane({ server }: { readonly server: ScratchServerRecord }) {
  const engine = useEngine()
  const { say } = useTexts()
  const [database, setDatabase] = useState(server.databases[0] ?? 'postgres')
  const [sql, setSql] = useState('')
  const [isAsking, setAsking] = useState(false)
  const asked = useRef<AbortController | undefined>(undefined)
  // Nobody waits any more for what a screen that was left has asked.
  useEffect(() => () => asked.current?.abort(), [])
  const [answer, setAnswer] = useState<ScratchRows | EngineError | undefined>(undefined)
  const ask = async (): Promise<void> => {
    if (isAsking || sql.trim() === '') return
    const call = new AbortController()
    asked.current = call
    setAsking(true)
    // What an earlier query gave would be taken for an answer to this one.
    setAnswer(undefined)
    try {
      setAnswer(await engine['scratch.query']({ id: server.id, database, sql }, { signal: call.signal }))
    } catch (thrown) {
      if (!call.signal.aborted) setAnswer(asFailure(thrown))
    } finally {
      setAsking(false)
    }
  }
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        void ask()
      }}
    >
      <div className="drill-fields">
        <Field label={say('scratch.sql')} hint={say('scratch.sql-hint')}>
          <textarea
            className="mono"
            rows={3}
            spellCheck={false}
            value={sql}
            onChange={(event) => setSql(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
              event.preventDefault()
              void ask()
            }}
          />
        </Field>
        <Field label={say('drill.database')}>
          <select value={database} onChange={(event) => setDatabase(event.target.value)}>
            {server.databases.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </Field>
      </div>
      <div className="row">
        <button type="submit" className="button" disabled={isAsking || sql.trim() === ''}>
          {isAsking ? say('scratch.asking') : say('scratch.ask')}
        </button>
        {isAsking ? (
          <button type="button" className="button" onClick={() => asked.current?.abort()}>
            {say('scratch.ask-no-more')}
          </button>
        ) : null}
      </div>
      {answer === undefined ? null : answer instanceof EngineError ? (
        <EngineErrorCard error={answer} />
      ) : (
        <Rows answer={answer} />
      )}
    </form>
  )
}

function Rows({ answer }: { readonly answer: ScratchRows }) {
  const { say } = useTexts()
  const { columns, rows, isCut, cutCells } = answer
  return (
    <>
      <p className="quiet numbers" role="status">
        {say('scratch.rows', { count: rows.length })}
        {isCut ? ` · ${say('scratch.more-rows')}` : ''}
        {cutCells > 0 ? ` · ${say('scratch.cut-cells', { count: cutCells })}` : ''}
      </p>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
      <div className="scratch-rows" tabIndex={0} role="region" aria-label={say('scratch.result')}>
        <table className="plain">
          <thead>
            <tr>
              {columns.map((column, index) => (
                <th key={index} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <tr key={index}>
                {row.map((cell, at) => (
                  <td key={at} className="mono">
                    {cell ?? <span className="quiet">NULL</span>}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

export function asFailure(thrown: unknown): EngineError {
  return thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown))
}
