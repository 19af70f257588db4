import { contextBridge, ipcRenderer } from 'electron'
import type { FromEngine, ToEngine } from '../engine/api/port.ts'
import { CHANNELS, type DirectoryQuestion } from './window-channels.ts'

/** All that a page can reach outside itself, as `window.tidemark`. It is copied and frozen on the way. */
export type Bridge = {
  post(message: ToEngine): void
  /** Takes one listener; another replaces it. */
  onMessage(listener: (message: FromEngine) => void): void
  /** Called once, when the engine is gone. Takes one listener; one that comes too late is called at once. */
  onClose(listener: () => void): void
  readonly platform: string
  /** Asks with the system's dialog; undefined when the user changed their mind. */
  chooseDirectory(question?: DirectoryQuestion): Promise<string | undefined>
}

const session = crypto.randomUUID()
let hear: (message: FromEngine) => void = () => undefined
let hearClose: () => void = () => undefined
let isClosed = false

ipcRenderer.on(CHANNELS.message, (_event, to: string, message: FromEngine) => {
  if (to === session) hear(message)
})
ipcRenderer.on(CHANNELS.close, (_event, to: string) => {
  if (to !== session || isClosed) return
  isClosed = true
  hearClose()
})

const bridge: Bridge = {
  post: (message) => ipcRenderer.send(CHANNELS.post, session, message),
  onMessage: (listener) => {
    hear = listener
  },
  onClose: (listener) => {
    hearClose = listener
    if (isClosed) listener()
  },
  platform: process.platform,
  chooseDirectory: (question) =>
    ipcRenderer.invoke(CHANNELS.chooseDirectory, question) as Promise<string | undefined>,
}

ipcRenderer.send(CHANNELS.open, session)
contextBridge.exposeInMainWorld('tidemark', bridge)
