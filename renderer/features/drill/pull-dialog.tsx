import { useDeferredValue, useState } from 'react'
import type {
  PullTablePlan,
  ScratchServerRecord,
  TableDifference,
} from '../../../engine/api/contract/scratch.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatBytes } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { navigate } from '../../lib/stores.ts'
import { useQuery } from '../../lib/use-query.ts'
import { Dialog, Field, Skeleton } from '../../ui/parts.tsx'

/** Where the table goes, what that does, and what is left behind; nothing happens before the last button. */
export function PullDialog(props: {
  readonly server: ScratchServerRecord
  readonly table: TableDifference
  readonly onClose: () => void
}) {
  const { server, table, onClose } = props
  const engine = useEngine()
  const { say } = useTexts()
  const [toDatabase, setToDatabase] = useState(table.database)
  const [toSchema, setToSchema] = useState(table.schema)
  const [toTable, setToTable] = useState(
    table.state === 'only-then' ? table.name : `${table.name}_restored`.slice(0, 63),
  )
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const request = useDeferredValue({
    id: server.id,
    database: table.database,
    schema: table.schema,
    table: table.name,
    toDatabase: toDatabase.trim(),
    toSchema: toSchema.trim(),
    toTable: toTable.trim(),
  })
  const isNamed = request.toDatabase !== '' && request.toSchema !== '' && request.toTable !== ''
  const plan = useQuery(`pull ${JSON.stringify(request)}`, async (signal) =>
    isNamed ? await engine['scratch.plan-pull'](request, { signal }) : undefined,
  )
  const found = plan.kind === 'ready' ? plan.value : undefined
  const canPull = found !== undefined && found.blockers.length === 0
  const pull = async (): Promise<void> => {
    if (!canPull) return
    setFailure(undefined)
    try {
      const { job } = await engine['scratch.pull-table'](request)
      navigate({ screen: 'job', job })
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  return (
    <Dialog
      title={say('pull.title', { table: `${table.schema}.${table.name}` })}
      closeLabel={say('common.close')}
      onClose={onClose}
      onSubmit={() => void pull()}
      footer={
        <>
          <button type="button" className="button" onClick={onClose}>
            {say('common.cancel')}
          </button>
          <button type="submit" className="button primary" disabled={!canPull}>
            {say('pull.go', {
              table: `${request.toSchema}.${request.toTable}`,
              database: request.toDatabase,
            })}
          </button>
        </>
      }
    >
      <div className="stack">
        <p>{say('pull.intro', { instance: server.instance })}</p>
        <div className="drill-fields">
          <Field label={say('pull.database')}>
            <input value={toDatabase} onChange={(event) => setToDatabase(event.target.value)} />
          </Field>
          <Field label={say('pull.schema')}>
            <input value={toSchema} onChange={(event) => setToSchema(event.target.value)} />
          </Field>
          <Field label={say('pull.table')}>
            <input data-first value={toTable} onChange={(event) => setToTable(event.target.value)} />
          </Field>
        </div>
        {plan.kind === 'loading' ? <Skeleton label={say('common.loading')} lines={3} /> : null}
        {plan.kind === 'failed' ? <EngineErrorCard error={plan.error} onRetry={plan.refetch} /> : null}
        {found === undefined ? null : <Plan plan={found} rows={table.rowsThen ?? found.estimatedRows} />}
        {failure === undefined ? null : <EngineErrorCard error={failure} />}
      </div>
    </Dialog>
  )
}

function Plan({ plan, rows }: { readonly plan: PullTablePlan; readonly rows: number }) {
  const { say } = useTexts()
  return (
    <>
      {plan.blockers.map(({ code, values }) => (
        <p key={`${code} ${JSON.stringify(values)}`} role="alert" className="drill-check failed">
          <span className="drill-mark" aria-hidden="true">
            ✕
          </span>
          {say(`pull.blocker-${code}`, values)}
        </p>
      ))}
      <p>{say('pull.size', { count: rows, bytes: formatBytes(plan.sizeBytes) })}</p>
      {plan.leftBehind.length === 0 ? (
        <p>{say('pull.whole')}</p>
      ) : (
        <p>
          {say('pull.left-behind', {
            what: plan.leftBehind.map(({ code, count }) => say(`pull.left-${code}`, { count })).join(', '),
          })}
        </p>
      )}
      <details>
        <summary>{say('pull.statements', { count: plan.statements.length })}</summary>
        <pre className="mono pull-sql">{plan.statements.map((sql) => `${sql};`).join('\n\n')}</pre>
      </details>
    </>
  )
}
