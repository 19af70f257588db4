import type pg from 'pg'

/** The sockets of the driver, which its types leave out. Once TLS is spoken, `stream` is the encrypted one. */
type Driven = { readonly connection: { readonly stream: { destroy(): void } } }

/** Longer than this nobody waits for a server to take leave. */
const FAREWELL_MS = 2000

/**
 * Connects. A signal that fires meanwhile ends it at once, however far it has come; the driver has a limit of its own.
 * Without success no socket and no timer is left.
 *
 * @throws the reason of the signal, or what the driver says
 */
export async function connectUnlessAborted(client: pg.Client, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.race([client.connect(), aborted.promise])
    signal.throwIfAborted()
  } catch (thrown) {
    breakOff(client)
    throw signal.aborted ? signal.reason : thrown
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Takes leave of the server, and hangs up when it does not answer to that. */
export async function closeClient(client: pg.Client): Promise<void> {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, FAREWELL_MS)
  await Promise.race([client.end().catch(() => undefined), late.promise])
  clearTimeout(timer)
  breakOff(client)
}

/** Hangs up without a word. The polite end of the driver waits for a server that may never answer. */
export function breakOff(client: pg.Client): void {
  // Without TLS or with it, this closes the one socket that there is; then the driver takes back its timer.
  ;(client as unknown as Driven).connection.stream.destroy()
}
