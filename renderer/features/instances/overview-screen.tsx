import { useState } from 'react'
import { isoFromSeconds } from '../../../engine/base/iso-time.ts'
import type { InstanceOverview, ServerStatus } from '../../../engine/api/contract/instances.ts'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import { useEngine } from '../../lib/engine.tsx'
import { EngineErrorCard } from '../../lib/engine-error-card.tsx'
import { DrillLink } from '../../lib/drill-badge.tsx'
import { dotted, formatAge, formatBytes, formatTime } from '../../lib/format.ts'
import { saySentence, useTexts } from '../../lib/i18n.ts'
import { navigate, useStore } from '../../lib/stores.ts'
import { useDrills } from '../../lib/use-drills.ts'
import { useNow } from '../../lib/use-now.ts'
import { type Query, useQuery } from '../../lib/use-query.ts'
import { DayStrip } from '../../pictures/day-strip.tsx'
import { ReachBar } from '../../pictures/reach-bar.tsx'
import { CopyText, Skeleton } from '../../ui/parts.tsx'
import { overviewReach } from './overview-reach.ts'
import { PasswordForm } from './password-form.tsx'
import './overview.css'

/** How well an instance is protected: one sentence, then the pictures behind it. */
export function OverviewScreen({
  instance,
  onBackUp,
}: {
  readonly instance: InstanceRef
  readonly onBackUp: () => void
}) {
  const engine = useEngine()
  const { say } = useTexts()
  const key = `${instance.catalog}\n${instance.instance}`
  const overview = useQuery(`overview ${key}`, (signal) => engine['instances.overview'](instance, { signal }))
  const server = useQuery(`server ${key}`, (signal) => engine['instances.server'](instance, { signal }))
  return (
    <div className="overview">
      {overview.kind === 'loading' ? <Skeleton label={say('common.loading')} lines={6} /> : null}
      {overview.kind === 'failed' ? (
        <EngineErrorCard error={overview.error} onRetry={overview.refetch} />
      ) : null}
      {overview.kind === 'ready' ? (
        <Facts overview={overview.value} isServerAway={server.kind === 'failed'} onBackUp={onBackUp} />
      ) : null}
      <ServerCard instance={instance} server={server} />
    </div>
  )
}

function Facts({
  overview,
  isServerAway,
  onBackUp,
}: {
  readonly overview: InstanceOverview
  readonly isServerAway: boolean
  readonly onBackUp: () => void
}) {
  const engine = useEngine()
  const { say, language } = useTexts()
  const nowMs = useNow()
  const zone = useStore((store) => store.settings.timeZone)
  const ref = { catalog: overview.catalog, instance: overview.instance }
  const list = useQuery(`points ${ref.catalog}\n${ref.instance}`, (signal) =>
    engine['backups.list'](ref, { signal }),
  )
  const [newestDrill] = useDrills(ref)
  const { protection } = overview
  const recovery = useQuery(`window ${ref.catalog}\n${ref.instance}`, (signal) =>
    engine['recovery.window'](ref, { signal }),
  )
  const {
    newest: newestRestorable,
    oldest: oldestRestorable,
    isExact,
    stretches,
  } = overviewReach(protection, recovery.kind === 'ready' ? recovery.value.lanes : [])
  const points = (list.kind === 'ready' ? list.value.backups : [])
    .filter(({ recoveryTime }) => recoveryTime !== undefined)
    .slice(0, 400)
    .map((backup) => ({ atMs: Date.parse(backup.recoveryTime ?? ''), isUsable: backup.isRestorable }))
  return (
    <>
      <p className={`hero ${protection.severity}`}>
        <strong>{saySentence(say, 'protection', protection.sentence)}</strong>{' '}
        {newestRestorable === undefined ? (
          say('overview.no-moment')
        ) : (
          <>
            {say('overview.newest')} <strong>{formatAge(newestRestorable, nowMs, language)}</strong>
            <span className="quiet">
              {' '}
              · {isExact ? '' : '≈ '}
              {formatTime(newestRestorable, zone)}
            </span>
            {oldestRestorable === newestRestorable ? null : (
              <span className="quiet">
                {' '}
                · {say('overview.oldest')} {formatTime(oldestRestorable, zone)}
              </span>
            )}
          </>
        )}
      </p>
      <div className="overview-grid">
        <section className="card wide">
          <h2>{say('overview.reach')}</h2>
          {points.length === 0 ? (
            <p className="quiet">{say('overview.no-point')}</p>
          ) : (
            <ReachBar
              points={points}
              stretches={stretches}
              nowMs={nowMs}
              label={say('overview.reach-summary', {
                oldest: formatTime(oldestRestorable, zone),
                newest: formatTime(newestRestorable, zone),
              })}
              textAt={(ms) => formatTime(isoFromSeconds(Math.floor(ms / 1000)), zone)}
              toText={say('chains.now')}
            />
          )}
          {newestDrill === undefined ? null : (
            <p>
              <span className="quiet">{say('overview.drill')} </span>
              <DrillLink drill={newestDrill} onOpen={() => navigate({ screen: 'drill', instance: ref })} />
            </p>
          )}
        </section>
        <section className="card">
          <h2>{say('overview.days')}</h2>
          <DayStrip
            days={overview.strip}
            label={say('fleet.days', {
              ok: overview.strip.filter(({ outcome }) => outcome === 'ok').length,
              failed: overview.strip.filter(({ outcome }) => outcome === 'failed').length,
            })}
          />
        </section>
        <section className="card">
          <h2>{say('overview.storage')}</h2>
          <p>
            {say('overview.storage-text', {
              backups: overview.backupCount,
              chains: overview.chainCount,
              bytes: formatBytes(overview.storedBytes),
              wal: formatBytes(overview.walBytes),
            })}
          </p>
        </section>
        <section className="card wide">
          <h2>{say('overview.todo')}</h2>
          {overview.backupCount === 0 ? (
            <div className="row">
              <span>{say('todo.first-backup')}</span>
              <button type="button" className="button small" onClick={onBackUp}>
                {say('backup.now')}
              </button>
            </div>
          ) : overview.todo.length === 0 && !isServerAway ? (
            <p className="quiet">{say('overview.todo-none')}</p>
          ) : null}
          <ul className="todo">
            {overview.todo.map(({ sentence, severity, backupId, finding }) => (
              <li key={sentence.code} className={severity}>
                <span aria-hidden="true">{severity === 'problem' ? '✕' : '⚠'}</span>{' '}
                {saySentence(say, 'todo', sentence)}{' '}
                {finding === undefined ? null : <>{saySentence(say, 'drill-note', finding)} </>}
                {backupId === undefined ? null : (
                  <button
                    type="button"
                    className="button small"
                    // Several of them stand below each other.
                    aria-label={dotted([
                      say(finding === undefined ? 'common.open' : 'drill.see'),
                      saySentence(say, 'todo', sentence),
                    ])}
                    onClick={() =>
                      navigate(
                        finding === undefined
                          ? { screen: 'chains', instance: ref, selected: backupId }
                          : { screen: 'drill', instance: ref, backupId },
                      )
                    }
                  >
                    {say(finding === undefined ? 'common.open' : 'drill.see')}
                  </button>
                )}
              </li>
            ))}
            {isServerAway ? (
              <li className="attention">
                <span aria-hidden="true">⚠</span> {say('todo.server-away')}
              </li>
            ) : null}
          </ul>
        </section>
      </div>
    </>
  )
}

function ServerCard(props: { readonly instance: InstanceRef; readonly server: Query<ServerStatus> }) {
  const { instance, server } = props
  const { say } = useTexts()
  const [isOpen, setOpen] = useState(false)
  return (
    <section className="card">
      <h2>{say('overview.server')}</h2>
      {server.kind === 'loading' ? <Skeleton label={say('common.loading')} lines={3} /> : null}
      {server.kind === 'failed' ? <EngineErrorCard error={server.error} onRetry={server.refetch} /> : null}
      {server.kind === 'failed' && server.error.code === 'server.auth-failed' ? (
        <PasswordForm instance={instance} onGiven={server.refetch} />
      ) : null}
      {server.kind === 'ready' ? (
        <>
          {server.value.isRegisteredCluster ? null : (
            <p className="status broken">{say('overview.server-other')}</p>
          )}
          <dl className="facts">
            <dt>{say('overview.server-version')}</dt>
            <dd>
              {server.value.product} {server.value.version}
            </dd>
            <dt>{say('overview.server-role')}</dt>
            <dd>{say(server.value.role === 'primary' ? 'role.primary' : 'role.standby')}</dd>
            <dt>{say('overview.server-directory')}</dt>
            <dd className="mono">{server.value.dataDirectory ?? say('common.unknown')}</dd>
            <dt>{say('overview.server-identifier')}</dt>
            <dd className="mono">{server.value.systemIdentifier}</dd>
            <dt>{say('overview.server-checksums')}</dt>
            <dd>{say(server.value.hasChecksums ? 'common.yes' : 'common.no')}</dd>
            <dt>{say('overview.server-archive')}</dt>
            <dd>{server.value.archiveMode}</dd>
            <dt>{say('overview.server-databases')}</dt>
            <dd>{server.value.databases.join(', ')}</dd>
          </dl>
          {server.value.missingRights.length === 0 ? null : (
            <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
              <summary>
                {say('overview.rights')} ({server.value.missingRights.length})
              </summary>
              <CopyText
                text={server.value.missingRights.map(({ sql }) => sql).join('\n')}
                label={say('common.copy')}
                doneLabel={say('common.copied')}
              />
            </details>
          )}
        </>
      ) : null}
    </section>
  )
}
