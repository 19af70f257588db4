import { useEffect, useRef, useState } from 'react'
import type { FleetEntry } from '../../engine/api/contract/instances.ts'
import type { InstanceRef } from '../../engine/api/contract/values.ts'
import { ChainsScreen } from '../features/chains/chains-screen.tsx'
import { DrillScreen } from '../features/drill/drill-screen.tsx'
import { ConfigScreen } from '../features/config/config-screen.tsx'
import { Sidebar } from '../features/fleet/sidebar.tsx'
import { AddScreen } from '../features/instances/add-screen.tsx'
import { BackupDialog } from '../features/instances/backup-dialog.tsx'
import { OverviewScreen } from '../features/instances/overview-screen.tsx'
import { WelcomeScreen } from '../features/instances/welcome-screen.tsx'
import { Dock } from '../features/jobs/dock.tsx'
import { JobScreen } from '../features/jobs/job-screen.tsx'
import { JobsScreen } from '../features/jobs/jobs-screen.tsx'
import { RestoreScreen } from '../features/restore/restore-screen.tsx'
import { RetentionScreen } from '../features/retention/retention-screen.tsx'
import { SettingsScreen } from '../features/settings/settings-screen.tsx'
import { WalScreen } from '../features/wal/wal-screen.tsx'
import { changeLanguage, useTexts } from '../lib/i18n.ts'
import { useEngine } from '../lib/engine.tsx'
import { navigate, type Route, useStore } from '../lib/stores.ts'
import { useQuery } from '../lib/use-query.ts'
import { Palette, type PaletteEntry } from './palette.tsx'
import { ShortcutSheet } from './shortcut-sheet.tsx'
import { useKeys } from './use-keys.ts'
import './shell.css'

const TABS = ['overview', 'chains', 'wal', 'drill', 'retention', 'config'] as const

/** The frame: fleet at the left, one screen, jobs below. */
export function Shell() {
  const engine = useEngine()
  const { say } = useTexts()
  const route = useStore((store) => store.route)
  const isGone = useStore((store) => store.isGone)
  const notice = useStore((store) => store.notice)
  const [sheet, setSheet] = useState<'help' | 'palette' | 'backup' | undefined>(undefined)
  const filter = useRef<HTMLInputElement>(null)
  const shown = 'instance' in route ? route.instance : undefined
  // Keys go on meaning the instance that was last looked at.
  const last = useStore(({ past }) => past.findLast((one) => 'instance' in one))
  const instance = shown ?? (last !== undefined && 'instance' in last ? last.instance : undefined)
  useAppearance()
  const fleet = useQuery('fleet', (signal) => engine['fleet.list']({}, { signal }))
  const known = fleet.kind === 'ready' ? fleet.value.flatMap(({ instances }) => instances) : []
  const isBare =
    known.find((one) => one.instance === shown?.instance && one.catalog === shown.catalog)?.backupCount === 0
  const entries = usePaletteEntries(instance, known, () => setSheet('backup'))
  useKeys({
    filter: () => filter.current?.focus(),
    help: () => setSheet('help'),
    palette: () => setSheet('palette'),
    jobs: () => navigate({ screen: 'jobs' }),
    backUp: () => {
      if (instance !== undefined) setSheet('backup')
    },
    tab: (index) => {
      const screen = TABS[index]
      if (screen !== undefined && instance !== undefined) navigate({ screen, instance })
    },
    refresh: () => useStore.setState(({ revision }) => ({ revision: revision + 1 })),
  })
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {say('nav.skip')}
      </a>
      <Sidebar filter={filter} />
      <div className="main">
        {isGone ? (
          <p className="banner" role="alert">
            {say('common.gone')}{' '}
            <button type="button" className="button small" onClick={() => location.reload()}>
              {say('common.reconnect')}
            </button>
          </p>
        ) : null}
        {shown === undefined ? null : (
          <InstanceHeader
            route={route}
            instance={shown}
            isBare={isBare}
            onBackUp={() => setSheet('backup')}
          />
        )}
        <main id="content" tabIndex={-1} aria-label={say('nav.main')}>
          <Screen route={route} onBackUp={() => setSheet('backup')} />
        </main>
        <Dock />
      </div>
      <div className="visually-hidden" role="status" aria-live="polite">
        {notice}
      </div>
      {sheet === 'help' ? <ShortcutSheet onClose={() => setSheet(undefined)} /> : null}
      {sheet === 'palette' ? <Palette entries={entries} onClose={() => setSheet(undefined)} /> : null}
      {sheet === 'backup' && instance !== undefined ? (
        <BackupDialog instance={instance} onClose={() => setSheet(undefined)} />
      ) : null}
    </div>
  )
}

function InstanceHeader(props: {
  readonly route: Route
  readonly instance: InstanceRef
  /** There is no backup that could be restored. */
  readonly isBare: boolean
  readonly onBackUp: () => void
}) {
  const { route, instance, isBare, onBackUp } = props
  const { say } = useTexts()
  return (
    <header className="instance-header">
      <div className="instance-head">
        <div className="instance-names">
          <h1 className="instance-title">{instance.instance}</h1>
          <span className="quiet mono">{instance.catalog}</span>
        </div>
        {route.screen === 'restore' ? null : (
          <button
            type="button"
            className="button"
            disabled={isBare}
            title={isBare ? say('overview.no-moment') : undefined}
            onClick={() => navigate({ screen: 'restore', instance })}
          >
            {say('restore.to-moment')}
          </button>
        )}
        <button type="button" className="button primary" onClick={onBackUp}>
          {say('backup.now')}
        </button>
      </div>
      <nav className="tabs" aria-label={say('nav.tabs', { instance: instance.instance })}>
        {TABS.map((screen) => (
          <button
            key={screen}
            type="button"
            aria-current={route.screen === screen ? 'page' : undefined}
            onClick={() => navigate({ screen, instance })}
          >
            {say(`nav.${screen}`)}
          </button>
        ))}
        {route.screen === 'restore' ? (
          <button type="button" aria-current="page">
            {say('restore.start')}
          </button>
        ) : null}
      </nav>
    </header>
  )
}

function Screen({ route, onBackUp }: { readonly route: Route; readonly onBackUp: () => void }) {
  switch (route.screen) {
    case 'welcome':
      return <WelcomeScreen />
    case 'add':
      return <AddScreen />
    case 'overview':
      return <OverviewScreen key={keyOf(route.instance)} instance={route.instance} onBackUp={onBackUp} />
    case 'chains':
      return (
        <ChainsScreen
          key={`${keyOf(route.instance)}\n${route.selected}`}
          instance={route.instance}
          selected={route.selected}
          onBackUp={onBackUp}
        />
      )
    case 'wal':
      return <WalScreen key={keyOf(route.instance)} instance={route.instance} />
    case 'drill':
      return (
        <DrillScreen
          key={`${keyOf(route.instance)}\n${route.backupId}\n${JSON.stringify(route.target)}`}
          instance={route.instance}
          backupId={route.backupId}
          moment={route}
        />
      )
    case 'retention':
      return <RetentionScreen key={keyOf(route.instance)} instance={route.instance} />
    case 'config':
      return <ConfigScreen key={keyOf(route.instance)} instance={route.instance} />
    case 'restore':
      return (
        <RestoreScreen
          key={`${keyOf(route.instance)}\n${route.backupId}`}
          instance={route.instance}
          backupId={route.backupId}
        />
      )
    case 'jobs':
      return <JobsScreen />
    case 'job':
      return <JobScreen key={route.job} id={route.job} />
    case 'settings':
      return <SettingsScreen />
  }
}

function keyOf({ catalog, instance }: InstanceRef): string {
  return `${catalog}\n${instance}`
}

/** Language, theme and density as they are set. */
function useAppearance(): void {
  const { language, theme, density } = useStore((store) => store.settings)
  useEffect(() => {
    void changeLanguage(language)
  }, [language])
  useEffect(() => {
    const { dataset } = document.documentElement
    if (theme === 'system') delete dataset['theme']
    else dataset['theme'] = theme
    dataset['density'] = density
  }, [theme, density])
}

function usePaletteEntries(
  current: InstanceRef | undefined,
  known: readonly FleetEntry[],
  backUp: () => void,
): readonly PaletteEntry[] {
  const { say } = useTexts()
  return [
    ...(current === undefined
      ? []
      : [
          { label: say('backup.title', { instance: current.instance }), run: backUp },
          {
            label: `${current.instance} · ${say('restore.to-moment')}`,
            run: () => navigate({ screen: 'restore', instance: current }),
          },
        ]),
    ...known.flatMap(({ catalog, instance }) =>
      TABS.map((screen) => ({
        label: `${instance} · ${say(`nav.${screen}`)} · ${catalog}`,
        run: () => navigate({ screen, instance: { catalog, instance } }),
      })),
    ),
    ...(['add', 'jobs', 'settings'] as const).map((screen) => ({
      label: say(`nav.${screen}`),
      run: () => navigate({ screen }),
    })),
    { label: say('welcome.open'), run: () => navigate({ screen: 'welcome' }) },
  ]
}
