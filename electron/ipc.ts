import type { IpcMain, WebContents, WebFrameMain } from 'electron'
import type { ClientPort, FromEngine, ToEngine } from '../engine/api/port.ts'
import { PAGE_ORIGIN } from './app-protocol.ts'
import { CHANNELS, type DirectoryQuestion } from './window-channels.ts'

type Sent = { readonly sender: WebContents; readonly senderFrame: WebFrameMain | null }

/** What pages are connected to. */
export type PageServices = {
  /** Whether these contents belong to a window of ours. */
  isWindow(contents: WebContents): boolean
  /** A fresh port to the engine, or undefined while there is none. */
  connectEngine(): ClientPort | undefined
  chooseDirectory(contents: WebContents, question: DirectoryQuestion): Promise<string | undefined>
}

/**
 * Carries messages between pages and the engine: one port of the engine for each document, closed when the document
 * goes. Whoever is not the main frame of a window of ours is not heard.
 */
export function servePages(ipcMain: IpcMain, services: PageServices): void {
  const links = new Map<WebContents, { readonly session: string; readonly port: ClientPort }>()

  ipcMain.on(CHANNELS.open, (event, session: unknown) => {
    if (!isTrusted(event, services) || typeof session !== 'string') return
    const { sender } = event
    leave(sender)
    const port = services.connectEngine()
    if (port === undefined) return send(sender, CHANNELS.close, session)
    links.set(sender, { session, port })
    port.listen((message: FromEngine) => send(sender, CHANNELS.message, session, message))
    port.onClose(() => {
      if (links.get(sender)?.port !== port) return
      links.delete(sender)
      send(sender, CHANNELS.close, session)
    })
    if (!watched.has(sender)) {
      watched.add(sender)
      sender.once('destroyed', () => leave(sender))
      sender.on('render-process-gone', () => leave(sender))
    }
  })

  ipcMain.on(CHANNELS.post, (event, session: unknown, message: unknown) => {
    if (!isTrusted(event, services)) return
    const link = links.get(event.sender)
    // The engine checks the message itself: it may come from any transport.
    if (link !== undefined && link.session === session) link.port.post(message as ToEngine)
  })

  ipcMain.handle(CHANNELS.chooseDirectory, async (event, question: unknown) => {
    if (!isTrusted(event, services)) throw new Error('refused')
    return services.chooseDirectory(event.sender, parseQuestion(question))
  })

  const watched = new WeakSet<WebContents>()

  function leave(contents: WebContents): void {
    const link = links.get(contents)
    links.delete(contents)
    link?.port.close()
  }
}

/** The frame can be null: its document was replaced while the message was under way. */
function isTrusted({ sender, senderFrame }: Sent, services: PageServices): boolean {
  return (
    senderFrame !== null &&
    senderFrame.parent === null &&
    senderFrame.origin === PAGE_ORIGIN &&
    services.isWindow(sender)
  )
}

function send(contents: WebContents, channel: string, ...values: readonly unknown[]): void {
  if (!contents.isDestroyed()) contents.send(channel, ...values)
}

function parseQuestion(question: unknown): DirectoryQuestion {
  if (typeof question !== 'object' || question === null) return {}
  const { title, from } = question as Record<string, unknown>
  return {
    ...(typeof title === 'string' && { title: title.slice(0, 200) }),
    ...(typeof from === 'string' && { from }),
  }
}
