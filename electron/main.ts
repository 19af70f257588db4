import { app, dialog, protocol, session } from 'electron'
import path from 'node:path'
import { describeError } from '../engine/base/engine-error.ts'
import { PAGE_SCHEME, serveBundle } from './app-protocol.ts'
import { openDesktop } from './desktop.ts'
import { denyPermissions, guardPages } from './security.ts'

// Both must come before the application is ready, so nothing above may wait.
protocol.registerSchemesAsPrivileged([PAGE_SCHEME])
guardPages(app)

// The second instance tells the first, which comes to the front, and ends.
if (app.requestSingleInstanceLock()) void start()
else app.quit()

async function start(): Promise<void> {
  await app.whenReady()
  try {
    denyPermissions(session.defaultSession)
    serveBundle(protocol, path.join(import.meta.dirname, '..', 'renderer'))
    await openDesktop()
  } catch (thrown) {
    dialog.showErrorBox('Tidemark', describeError(thrown))
    app.exit(1)
  }
}
