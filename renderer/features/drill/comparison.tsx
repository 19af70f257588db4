import { useState } from 'react'
import type {
  ScratchComparison,
  ScratchServerRecord,
  TableDifference,
} from '../../../engine/api/contract/scratch.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { useTexts } from '../../lib/i18n.ts'
import { PullDialog } from './pull-dialog.tsx'

const MOST_SHOWN = 500

/** Which tables have other rows than now, and the way to bring one back. */
export function Comparison({ server }: { readonly server: ScratchServerRecord }) {
  const engine = useEngine()
  const { say } = useTexts()
  const [isAsking, setAsking] = useState(false)
  const [showsAll, setShowsAll] = useState(false)
  const [found, setFound] = useState<ScratchComparison | EngineError | undefined>(undefined)
  const [pulled, setPulled] = useState<TableDifference | undefined>(undefined)
  const compare = async (): Promise<void> => {
    setAsking(true)
    try {
      setFound(await engine['scratch.compare']({ id: server.id }))
    } catch (thrown) {
      setFound(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    } finally {
      setAsking(false)
    }
  }
  const comparison = found instanceof EngineError ? undefined : found
  const tables = comparison?.tables.filter(({ state }) => showsAll || state !== 'same') ?? []
  return (
    <div className="stack">
      <div className="row">
        <button type="button" className="button" disabled={isAsking} onClick={() => void compare()}>
          {isAsking ? say('scratch.comparing') : say('scratch.compare')}
        </button>
        {comparison === undefined ? null : (
          <label className="row">
            <input
              type="checkbox"
              checked={showsAll}
              onChange={(event) => setShowsAll(event.target.checked)}
            />
            <span>{say('scratch.show-same')}</span>
          </label>
        )}
      </div>
      {found instanceof EngineError ? <EngineErrorCard error={found} onRetry={() => void compare()} /> : null}
      {comparison === undefined ? null : <Databases comparison={comparison} />}
      {comparison === undefined || showsAll ? null : <p className="quiet">{say('scratch.counted')}</p>}
      {comparison !== undefined && tables.length === 0 ? (
        <p role="status">{say('scratch.no-difference')}</p>
      ) : null}
      {tables.length === 0 ? null : (
        <table className="plain scratch-tables">
          <thead>
            <tr>
              <th scope="col">{say('drill.database')}</th>
              <th scope="col">{say('scratch.table')}</th>
              <th scope="col">{say('scratch.difference')}</th>
              <th scope="col" className="numbers">
                {say('scratch.rows-then')}
              </th>
              <th scope="col" className="numbers">
                {say('scratch.rows-now')}
              </th>
              <th scope="col">
                <span className="visually-hidden">{say('scratch.pull')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {tables.slice(0, MOST_SHOWN).map((table) => (
              <tr key={`${table.database}\n${table.schema}\n${table.name}`}>
                <td>{table.database}</td>
                <td className="mono">
                  {table.schema}.{table.name}
                </td>
                <td>{say(`scratch.state-${table.state}`)}</td>
                <td className="numbers">{count(table.rowsThen, table.isExact)}</td>
                <td className="numbers">{count(table.rowsNow, table.isExact)}</td>
                <td>
                  {table.state === 'only-now' ? null : (
                    <button
                      type="button"
                      className="button small"
                      aria-label={say('scratch.pull-named', { table: `${table.schema}.${table.name}` })}
                      onClick={() => setPulled(table)}
                    >
                      {say('scratch.pull')}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {pulled === undefined ? null : (
        <PullDialog server={server} table={pulled} onClose={() => setPulled(undefined)} />
      )}
    </div>
  )
}

function Databases({ comparison }: { readonly comparison: ScratchComparison }) {
  const { say } = useTexts()
  const { onlyThen, onlyNow, isCut } = comparison
  return (
    <>
      {onlyThen.length === 0 ? null : <p>{say('scratch.databases-then', { names: onlyThen.join(', ') })}</p>}
      {onlyNow.length === 0 ? null : <p>{say('scratch.databases-now', { names: onlyNow.join(', ') })}</p>}
      {isCut ? <p>{say('scratch.tables-cut')}</p> : null}
    </>
  )
}

/** With a sign where it is an estimate. */
function count(rows: number | undefined, isExact: boolean): string {
  if (rows === undefined) return '–'
  return isExact ? rows.toLocaleString() : `≈ ${rows.toLocaleString()}`
}
