import { useState } from 'react'
import type { AccidentRecord } from '../../../engine/api/contract/wal-index.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { isoOfMs } from '../../lib/micro-time.ts'
import { useStore } from '../../lib/stores.ts'
import { useQuery } from '../../lib/use-query.ts'
import { useSettled } from '../../lib/use-settled.ts'
import { readWholeTime } from '../../lib/zone-time.ts'
import { Field, Skeleton } from '../../ui/parts.tsx'
import { LONGEST_NAME, problemWords, relationWish, relationWords } from './accident-names.ts'
import { justBefore, type MomentChoice } from './moment-choice.ts'
import { accidentWords } from './moment-texts.ts'

const SETTLED_MS = 250
const AROUND_MS = 30 * 60_000
const MANY_DELETED = 1000
const LARGEST = 0xffff_ffff

/** Drops, truncates and large deletes of the archive, and the moment just before each. */
export function AccidentPanel(props: {
  readonly instance: InstanceRef
  readonly baseId: string | undefined
  /** The one that the handle is just before. */
  readonly chosen: string | undefined
  readonly onChoose: (choice: MomentChoice) => void
}) {
  const { instance, baseId, chosen, onChoose } = props
  const engine = useEngine()
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const [search, setSearch] = useState({
    relation: '',
    xid: '',
    around: '',
    deleted: String(MANY_DELETED),
    updated: '',
  })
  const { relation, xid, around, deleted, updated } = useSettled(search, SETTLED_MS)
  const aroundMs = readWholeTime(around, zone)
  const wanted = {
    ...relationWish(relation),
    ...(numberOf(xid) !== undefined && { xid: Number(xid) }),
    ...(aroundMs !== undefined && { from: isoOfMs(aroundMs - AROUND_MS), to: isoOfMs(aroundMs + AROUND_MS) }),
    minDeleted: Math.max(1, numberOf(deleted) ?? MANY_DELETED),
    ...(numberOf(updated) !== undefined && { minUpdated: Math.max(1, Number(updated)) }),
  }
  const list = useQuery(
    `accidents ${instance.catalog}\n${instance.instance}\n${JSON.stringify(wanted)}`,
    (signal) => engine['wal.accidents']({ ...instance, ...wanted }, { signal }),
  )
  const field = (name: keyof typeof search, hint?: string) => (
    <Field label={say(`accident.by-${name}`)} hint={hint}>
      <input
        className="mono"
        inputMode={name === 'around' || name === 'relation' ? undefined : 'numeric'}
        maxLength={LONGEST_NAME}
        value={search[name]}
        spellCheck={false}
        onChange={(event) => setSearch({ ...search, [name]: event.target.value })}
      />
    </Field>
  )
  const isOddTime = around.trim() !== '' && aroundMs === undefined
  return (
    <section className="accidents" aria-label={say('accident.title')}>
      <div className="accident-search" role="search">
        {field('relation')}
        {field('xid')}
        {field('around', isOddTime ? say('accident.time-hint') : undefined)}
        {field('deleted')}
        {field('updated', relation.trim() === '' ? undefined : say('accident.updated-hint'))}
      </div>
      {list.kind === 'loading' ? <Skeleton label={say('common.loading')} lines={3} /> : null}
      {list.kind === 'failed' ? <EngineErrorCard error={list.error} onRetry={list.refetch} /> : null}
      {list.kind === 'ready' && list.value.accidents.length === 0 ? (
        <p className="quiet">{say('accident.none')}</p>
      ) : null}
      {list.kind === 'ready' && list.value.accidents.length > 0 ? (
        <div className="accident-list" tabIndex={0} role="region" aria-label={say('accident.list')}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{say('accident.when')}</th>
                <th scope="col">{say('accident.what')}</th>
                <th scope="col">{say('accident.relations')}</th>
                <th scope="col">LSN</th>
                <td />
              </tr>
            </thead>
            <tbody>
              {list.value.accidents.map((accident) => (
                <tr
                  key={accidentKey(accident)}
                  aria-current={accidentKey(accident) === chosen ? 'true' : undefined}
                >
                  <td className="numbers">{formatTime(accident.at, zone)}</td>
                  <td>
                    {accident.kind === 'commit' || accident.kind === 'abort' ? null : (
                      <span aria-hidden="true" className="triangle">
                        ▲{' '}
                      </span>
                    )}
                    {accidentWords(say, accident)}
                  </td>
                  <td className="mono">
                    {relationWords(accident)}
                    <NamesProblem
                      text={
                        accident.kind === 'update'
                          ? say('accident.updated-where')
                          : problemWords(say, accident)
                      }
                    />
                  </td>
                  <td className="mono">{accident.lsn}</td>
                  <td>
                    <button
                      type="button"
                      className="button small"
                      onClick={() => onChoose(justBefore(accident, baseId))}
                    >
                      {say('accident.before')}
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </section>
  )
}

/** Why some of it has no name. */
function NamesProblem({ text }: { readonly text: string | undefined }) {
  return text === undefined ? null : <div className="quiet">{text}</div>
}

/** Names an accident among others. */
export function accidentKey({ timeline, lsn, kind }: AccidentRecord): string {
  return `${timeline} ${lsn} ${kind}`
}

function numberOf(text: string): number | undefined {
  return /^\d{1,10}$/.test(text.trim()) && Number(text) <= LARGEST ? Number(text) : undefined
}
