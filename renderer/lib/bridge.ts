import { connect } from '../../engine/api/connect.ts'
import { contract, type EngineClient } from '../../engine/api/contract/contract.ts'
import type { ClientPort, FromEngine, ToEngine } from '../../engine/api/port.ts'
import { decodeWire, encodeWire, SOCKET_PATH, SOCKET_PROTOCOL, TOKEN_NAME } from '../../engine/api/wire.ts'

/** What the preload offers in the desktop application. */
type DesktopBridge = {
  post(message: ToEngine): void
  onMessage(listener: (message: FromEngine) => void): void
  onClose(listener: () => void): void
  readonly platform: string
  chooseDirectory(question?: { readonly title?: string }): Promise<string | undefined>
}

declare global {
  interface Window {
    readonly tidemark?: DesktopBridge
  }
}

/** A connection to the engine. `onGone` is called once when it ends. */
export type EngineLink = { readonly client: EngineClient; onGone(listener: () => void): void }

/**
 * Connects to the engine: through the preload in the desktop application, else over a WebSocket with the token that
 * came in the fragment of the address. The token leaves the address bar and stays in this tab for a reload.
 */
export async function openEngine(): Promise<EngineLink> {
  const desktop = window.tidemark
  const port = desktop === undefined ? await socketPort() : desktopPort(desktop)
  const listeners: (() => void)[] = []
  let isGone = false
  port.onClose(() => {
    isGone = true
    for (const listener of listeners) listener()
  })
  return {
    client: connect(contract, port),
    onGone: (listener) => {
      if (isGone) listener()
      else listeners.push(listener)
    },
  }
}

function desktopPort(desktop: DesktopBridge): ClientPort {
  const closed: (() => void)[] = []
  desktop.onClose(() => {
    for (const listener of closed) listener()
  })
  return {
    post: (message) => desktop.post(message),
    listen: (onMessage) => desktop.onMessage(onMessage),
    onClose: (listener) => void closed.push(listener),
    close: () => undefined,
  }
}

async function socketPort(): Promise<ClientPort> {
  const socket = new WebSocket(`ws://${location.host}${SOCKET_PATH}`, [SOCKET_PROTOCOL, takeToken()].join(''))
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true })
    socket.addEventListener('error', () => reject(new Error('the engine refused the connection')), {
      once: true,
    })
  })
  return {
    post: (message) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(encodeWire(message))
    },
    listen: (onMessage) =>
      socket.addEventListener('message', ({ data }) => onMessage(decodeWire(String(data)) as FromEngine)),
    onClose: (listener) => socket.addEventListener('close', () => listener(), { once: true }),
    close: () => socket.close(),
  }
}

const STORED_TOKEN = 'tidemark-token'

function takeToken(): string {
  const fromAddress = new URLSearchParams(location.hash.slice(1)).get(TOKEN_NAME)
  if (fromAddress !== null) {
    sessionStorage.setItem(STORED_TOKEN, fromAddress)
    history.replaceState(null, '', location.pathname)
  }
  return fromAddress ?? sessionStorage.getItem(STORED_TOKEN) ?? ''
}
