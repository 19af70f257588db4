import type { CustomScheme, Protocol } from 'electron'
import { readPageFile } from '../engine/web-host/page-files.ts'

/** The one origin whose pages may speak with the engine. */
export const PAGE_ORIGIN = 'app://bundle'

/** The document of every window. */
export const PAGE_URL = `${PAGE_ORIGIN}/`

/** To be registered before the application is ready. `file://` would let one file of the page read any other. */
export const PAGE_SCHEME: CustomScheme = {
  scheme: 'app',
  privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
}

/** Serves the built window in `directory` as `app://bundle/`, with the policy of the web host. */
export function serveBundle(protocol: Protocol, directory: string): void {
  protocol.handle(PAGE_SCHEME.scheme, async ({ url, method }) => {
    const { host, pathname } = new URL(url)
    if (host !== new URL(PAGE_ORIGIN).host) return new Response(null, { status: 404 })
    const page = await readPageFile(directory, method, pathname)
    return new Response(page.body ?? null, { status: page.status, headers: { ...page.headers } })
  })
}

/** Whether a window may go to `url`: only to its own document, whatever follows as query or fragment. */
export function isPageUrl(url: string): boolean {
  if (!URL.canParse(url)) return false
  // The origin of a scheme that Node does not know is 'null', so its parts are compared.
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}` === PAGE_ORIGIN && (pathname === '/' || pathname === '/index.html')
}
