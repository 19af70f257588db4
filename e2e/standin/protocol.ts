import type { CustomScheme } from 'electron'
import { loud } from './loud.ts'

type Handler = (request: Request) => Response | Promise<Response>

const privileged = new Map<string, CustomScheme>()
const handlers = new Map<string, Handler>()
let isReady = false

/** Told by the application when it is ready: from then on schemes cannot be registered any more, as in Electron. */
export function closeSchemes(): void {
  isReady = true
}

export const protocol = loud('protocol', {
  registerSchemesAsPrivileged(schemes: CustomScheme[]): void {
    if (isReady) throw new Error('registerSchemesAsPrivileged must be called before the app is ready')
    for (const scheme of schemes) privileged.set(scheme.scheme, scheme)
  },
  handle(scheme: string, handler: Handler): void {
    if (handlers.has(scheme)) throw new Error(`the scheme ${scheme} has a handler`)
    if (privileged.get(scheme)?.privileges?.standard !== true) {
      throw new Error(`the stand-in serves standard schemes only, not ${scheme}`)
    }
    handlers.set(scheme, handler)
  },
})

/** What answers requests of a scheme of the application. */
export function findHandler(url: string): Handler | undefined {
  return handlers.get(url.slice(0, url.indexOf(':')))
}

/** Chromium's DevTools cannot teach it a scheme: `app://bundle/x` is `https://bundle.app.invalid/x` inside. */
export function toHttp(url: string): string {
  return url.replace(/^([a-z][\w+.-]*):\/\/([^/?#]*)/, (whole, scheme: string, host: string) =>
    handlers.has(scheme) ? `https://${host}.${scheme}.invalid` : whole,
  )
}

/** The inverse of {@link toHttp}. */
export function fromHttp(url: string): string {
  return url.replace(
    /^https:\/\/([^/?#]*)\.([a-z][\w+-]*)\.invalid(?=[/?#]|$)/,
    (whole, host: string, scheme: string) => (handlers.has(scheme) ? `${scheme}://${host}` : whole),
  )
}
