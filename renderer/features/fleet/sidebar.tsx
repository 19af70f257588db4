import { type RefObject, useEffect, useState } from 'react'
import type { FleetEntry } from '../../../engine/api/contract/instances.ts'
import { EngineErrorLines } from '../../lib/engine-error-card.tsx'
import { errorLine } from '../../lib/error-texts.ts'
import { formatAge } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { navigate, useStore } from '../../lib/stores.ts'
import { useNow } from '../../lib/use-now.ts'
import { useQuery } from '../../lib/use-query.ts'
import { useEngine } from '../../lib/engine.tsx'
import { DayStrip } from '../../pictures/day-strip.tsx'
import { Skeleton } from '../../ui/parts.tsx'
import './sidebar.css'

/** A catalog that cannot be read is looked for again this often. */
const LOOK_AGAIN_MS = 5000

/** Every instance of every catalog, worst first, with the age of its newest restorable moment. */
export function Sidebar({ filter }: { readonly filter: RefObject<HTMLInputElement | null> }) {
  const engine = useEngine()
  const { say, language } = useTexts()
  const [text, setText] = useState('')
  const fleet = useQuery('fleet', (signal) => engine['fleet.list']({}, { signal }))
  const route = useStore((store) => store.route)
  const runningCount = useStore(
    (store) => Object.values(store.jobs).filter(({ state }) => state === 'running').length,
  )
  const catalogs = fleet.kind === 'ready' ? fleet.value : fleet.kind === 'failed' ? (fleet.last ?? []) : []
  const isAway = catalogs.some(({ problem }) => problem !== undefined)
  const { refetch } = fleet
  // A disk that is mounted again tells nobody.
  useEffect(() => {
    if (!isAway) return undefined
    const timer = setInterval(refetch, LOOK_AGAIN_MS)
    // Whatever could not be read then is asked for again, on whichever screen.
    return () => {
      clearInterval(timer)
      useStore.setState(({ revision }) => ({ revision: revision + 1 }))
    }
  }, [isAway, refetch])
  return (
    <nav className="sidebar" aria-label={say('nav.fleet')} data-region>
      <input
        ref={filter}
        type="search"
        aria-label={say('nav.filter')}
        placeholder={`${say('nav.filter')}  /`}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {fleet.kind === 'loading' ? <Skeleton label={say('common.loading')} /> : null}
      {fleet.kind === 'failed' ? (
        <p role="alert" className="catalog-problem">
          {say('welcome.failed')}: {errorLine(fleet.error, language)}
        </p>
      ) : null}
      {catalogs.map((catalog) => (
        <section key={catalog.path} aria-label={catalog.path}>
          <h3 className="catalog" title={catalog.path}>
            {`\u200E${catalog.path}`}
          </h3>
          {catalog.problem === undefined ? null : (
            <div className="catalog-problem">
              <EngineErrorLines error={catalog.problem} />
            </div>
          )}
          {catalog.instances
            .filter(({ instance }) => instance.toLowerCase().includes(text.toLowerCase()))
            .map((entry) => (
              <InstanceRow key={entry.instance} entry={entry} />
            ))}
          {catalog.problem === undefined && catalog.instances.length === 0 ? (
            <p className="quiet">{say('fleet.empty')}</p>
          ) : null}
        </section>
      ))}
      <div className="sidebar-foot">
        <SideLink
          label={say('nav.add')}
          isCurrent={route.screen === 'add'}
          onOpen={() => navigate({ screen: 'add' })}
        />
        <SideLink
          label={say('welcome.open')}
          isCurrent={route.screen === 'welcome'}
          onOpen={() => navigate({ screen: 'welcome' })}
        />
        <SideLink
          label={runningCount === 0 ? say('nav.jobs') : `${say('nav.jobs')} ${runningCount} ▶`}
          isCurrent={route.screen === 'jobs' || route.screen === 'job'}
          onOpen={() => navigate({ screen: 'jobs' })}
        />
        <SideLink
          label={say('nav.settings')}
          isCurrent={route.screen === 'settings'}
          onOpen={() => navigate({ screen: 'settings' })}
        />
      </div>
    </nav>
  )
}

function InstanceRow({ entry }: { readonly entry: FleetEntry }) {
  const { say, language } = useTexts()
  const nowMs = useNow()
  const isCurrent = useStore(
    ({ route }) =>
      'instance' in route &&
      route.instance.instance === entry.instance &&
      route.instance.catalog === entry.catalog,
  )
  const { severity, newestRestorable } = entry.protection
  const ok = entry.strip.filter(({ outcome }) => outcome === 'ok').length
  const failed = entry.strip.filter(({ outcome }) => outcome === 'failed').length
  return (
    <button
      type="button"
      className={`instance-row ${severity}`}
      aria-current={isCurrent ? 'page' : undefined}
      onClick={() =>
        navigate({ screen: 'overview', instance: { catalog: entry.catalog, instance: entry.instance } })
      }
    >
      <span className="instance-name">
        {severity === 'ok' ? null : <span aria-hidden="true">{severity === 'problem' ? '✕ ' : '⚠ '}</span>}
        {entry.instance}
      </span>
      <span className="instance-age">{formatAge(newestRestorable, nowMs, language)}</span>
      <DayStrip days={entry.strip} label={say('fleet.days', { ok, failed })} />
    </button>
  )
}

function SideLink(props: {
  readonly label: string
  readonly isCurrent: boolean
  readonly onOpen: () => void
}) {
  return (
    <button
      type="button"
      className="side-link"
      aria-current={props.isCurrent ? 'page' : undefined}
      onClick={props.onOpen}
    >
      {props.label}
    </button>
  )
}
