import type { App, Session, WebContents } from 'electron'
import { isPageUrl, PAGE_ORIGIN } from './app-protocol.ts'

/** Copying a command as text is the one thing beyond the page that the window needs. */
const GRANTED = 'clipboard-sanitized-write'

/** Guards that hold for every page there will ever be. To be called before the application is ready. */
export function guardPages(app: App): void {
  app.enableSandbox()
  app.on('web-contents-created', (_event, contents) => guardContents(contents))
}

/** Takes all device and browser permissions from pages. To be called once the session exists. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((contents, permission, answer, details) => {
    answer(permission === GRANTED && details.isMainFrame && isPageUrl(contents.getURL()))
  })
  session.setPermissionCheckHandler((_contents, permission, origin) => {
    return permission === GRANTED && origin.replace(/\/$/, '') === PAGE_ORIGIN
  })
  session.setDevicePermissionHandler(() => false)
}

/** The page stays where it is: no other document, no new window, no guest page, no sub frame that leaves. */
function guardContents(contents: WebContents): void {
  const stay = (event: { readonly url: string; preventDefault(): void }): void => {
    if (!isPageUrl(event.url)) event.preventDefault()
  }
  contents.on('will-navigate', stay)
  contents.on('will-redirect', stay)
  contents.on('will-frame-navigate', stay)
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
}
