import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { contract, type EngineHandlers } from '../api/contract/contract.ts'
import { openEngine } from '../api/engine.ts'
import { localClient } from '../api/local.ts'
import { serve } from '../api/serve.ts'
import { describeError, EngineError } from '../base/engine-error.ts'
import { startWebHost } from '../web-host/start-web-host.ts'
import { buildApplication } from './build-application.ts'
import { runDesktop, usableElectron } from './desktop-window.ts'
import { type DemoServer, startDemoServer } from './demo-server.ts'
import { INSTANCE, runJourney } from './journey.ts'
import { openWindow } from './open-window.ts'

const root = path.join(import.meta.dirname, '..', '..')
const isOnce = process.argv.includes('--once')

/** Starts a throw-away server, registers it and shows the application; with `--once` runs the whole journey and ends. */
async function demo(signal: AbortSignal): Promise<void> {
  await using place = await scratchPlace()
  const started = performance.now()
  const server = await startDemoServer(place.path, isOnce ? 0.5 : 1)
  await using _server = server
  tell(
    'start PostgreSQL with a sample database',
    (performance.now() - started) / 1000,
    `PostgreSQL ${server.major} on port ${server.port}`,
  )

  const catalog = path.join(place.path, 'catalog')
  const userData = path.join(place.path, 'user-data')
  const electron = isOnce ? undefined : usableElectron()
  if (!isOnce) await buildApplication(root, electron === undefined ? 'renderer' : 'desktop', signal)
  {
    await using engine = await openEngine({
      stateDirectory: path.join(userData, 'engine'),
      transport: 'web',
      // The demo must not find its way to a server that the environment names.
      env: { TMPDIR: place.path },
    })
    const client = localClient(contract, engine.handlers)
    await client['instances.add']({
      catalog,
      instance: INSTANCE,
      createCatalog: true,
      connection: { host: '127.0.0.1', port: String(server.port), user: 'postgres', database: 'postgres' },
      password: server.password,
    })
    if (isOnce) {
      await runJourney(client, server, { catalog, restored: path.join(place.path, 'restored') }, tell, signal)
      return
    }
    if (electron === undefined) {
      await showPage(engine.handlers, server, signal)
      return
    }
  }
  // The desktop application has an engine of its own on the same state.
  console.log(
    '\nTidemark shows the sample database. Quitting it ends the demo and removes everything it made.',
  )
  await runDesktop(electron, root, { userData, server }, signal)
}

async function showPage(handlers: EngineHandlers, server: DemoServer, signal: AbortSignal): Promise<void> {
  const host = await startWebHost({
    rendererDirectory: path.join(root, 'dist', 'renderer'),
    connectEngine: (port) => serve(contract, handlers, port),
    signal,
  })
  try {
    console.log(
      `\nTidemark shows PostgreSQL ${server.major} with the sample database.\n\n  ${host.url}\n\nCtrl-C ends the demo and removes everything it made.`,
    )
    openWindow(host.url)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  } finally {
    await host.close()
  }
}

function tell(step: string, seconds: number, outcome: string): void {
  console.log(`${seconds.toFixed(1).padStart(6)} s  ${step.padEnd(40)} ${outcome}`)
}

async function scratchPlace() {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'tidemark-demo-'))
  return {
    path: directory,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  }
}

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => stop.abort(new EngineError('run.cancelled', 'the demo was stopped')))
const started = performance.now()
try {
  await demo(stop.signal)
  if (isOnce) tell('everything', (performance.now() - started) / 1000, 'the demo ends well')
} catch (thrown) {
  console.error(`\nThe demo failed: ${describeError(thrown)}`)
  if (thrown instanceof EngineError && thrown.hint !== undefined) console.error(`Hint: ${thrown.hint}`)
  process.exitCode = 1
}
