import '../../engine/api/contract/no-eval.ts'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import i18next from 'i18next'
import { jobTitle, shownState } from '../features/jobs/job-words.ts'
import { openEngine } from '../lib/bridge.ts'
import { EngineProvider } from '../lib/engine.tsx'
import { changeLanguage, type Say, startTexts } from '../lib/i18n.ts'
import { keepRoute } from '../lib/kept-route.ts'
import { announce, useStore } from '../lib/stores.ts'
import '../ui/tokens.css'
import '../ui/base.css'
import { firstRoute, followEngine } from './live.ts'
import { Shell } from './shell.tsx'

const say: Say = (key, values) => i18next.t(key, { ...values })

/** Starts the window: texts first, then the engine, then where things stand. */
async function start(): Promise<void> {
  await startTexts()
  const place = document.querySelector('#root')
  if (place === null) throw new Error('bug: the page has no root')
  const root = createRoot(place)
  try {
    const { client, onGone } = await openEngine()
    onGone(() => useStore.setState({ isGone: true }))
    const [info, settings, route] = await Promise.all([
      client['app.info']({}),
      client['app.settings']({}),
      firstRoute(client, sessionStorage),
    ])
    await changeLanguage(settings.language)
    useStore.setState({
      info,
      settings,
      route,
    })
    useStore.subscribe((now, before) => {
      if (now.route !== before.route) keepRoute(sessionStorage, now.route)
    })
    followEngine(
      client,
      (job, percent) =>
        announce(
          percent === undefined
            ? say('jobs.announce-end', { job: jobTitle(say, job), state: say(`state.${shownState(job)}`) })
            : say('jobs.announce', { job: jobTitle(say, job), percent }),
        ),
      new AbortController().signal,
    )
    root.render(
      <StrictMode>
        <EngineProvider client={client}>
          <Shell />
        </EngineProvider>
      </StrictMode>,
    )
  } catch (thrown) {
    root.render(
      <main className="start-failed error-card" role="alert">
        <h2>{say('app.failed')}</h2>
        <p>{thrown instanceof Error ? thrown.message : String(thrown)}</p>
        <p>{say('app.failed-text')}</p>
      </main>,
    )
  }
}

void start()
