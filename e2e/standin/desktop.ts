import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { existsSync } from 'node:fs'
import type { MenuItemConstructorOptions } from 'electron'
import { loud, loudClass, note } from './loud.ts'

/** What the application has put on the desktop. Only here; Electron shows it to people, not to programs. */
export const onDesktop = {
  trays: [] as StandinTray[],
  notifications: [] as { readonly title: string; readonly body: string }[],
  wakeLocks: new Map<number, string>(),
  permissions: {} as Record<string, unknown>,
}

type Menu = { readonly items: readonly MenuItemConstructorOptions[] }
let applicationMenu: Menu | null = null

function checkItems(items: readonly MenuItemConstructorOptions[]): void {
  for (const item of items) {
    if (item.type !== 'separator' && item.label === undefined && item.role === undefined) {
      throw new Error(`a menu item has neither label nor role: ${JSON.stringify(item)}`)
    }
    if (Array.isArray(item.submenu)) checkItems(item.submenu)
  }
}

export const Menu = loud('Menu', {
  buildFromTemplate(items: readonly MenuItemConstructorOptions[]): Menu {
    checkItems(items)
    return { items }
  },
  setApplicationMenu(menu: Menu | null): void {
    applicationMenu = menu
  },
  getApplicationMenu: (): Menu | null => applicationMenu,
})

type Image = { readonly path: string }

export const nativeImage = loud('nativeImage', {
  /** Electron gives an empty picture for a file that is not there; here it is a failure. */
  createFromPath(path: string): Image {
    if (!existsSync(path)) throw new Error(`there is no picture ${path}`)
    return { path }
  },
})

class StandinTray extends EventEmitter {
  image: Image
  tooltip = ''
  menu: Menu | undefined

  constructor(image: Image) {
    super()
    this.image = image
    onDesktop.trays.push(this)
  }

  setImage(image: Image): void {
    this.image = image
  }

  setToolTip(text: string): void {
    this.tooltip = text
  }

  setContextMenu(menu: Menu): void {
    this.menu = menu
  }

  destroy(): void {
    onDesktop.trays.splice(onDesktop.trays.indexOf(this), 1)
  }
}

export const Tray = loudClass('Tray', StandinTray)

class StandinNotification extends EventEmitter {
  readonly title: string
  readonly body: string

  constructor({ title, body }: { title: string; body: string }) {
    super()
    this.title = title
    this.body = body
  }

  static isSupported(): boolean {
    return true
  }

  show(): void {
    onDesktop.notifications.push({ title: this.title, body: this.body })
  }
}

export const Notification = loudClass('Notification', StandinNotification)

let lastWakeLock = 0
export const powerSaveBlocker = loud('powerSaveBlocker', {
  start(type: 'prevent-app-suspension' | 'prevent-display-sleep'): number {
    onDesktop.wakeLocks.set(++lastWakeLock, type)
    return lastWakeLock
  },
  stop(id: number): void {
    if (!onDesktop.wakeLocks.delete(id)) throw new Error(`no wake lock has the number ${id}`)
  },
})

/** A test puts its answer in place of the method, as it does in Electron. */
const unanswered = (what: string) => (): never => {
  throw new Error(`the test gave no answer for dialog.${what}`)
}
export const dialog = loud('dialog', {
  showOpenDialog: unanswered('showOpenDialog'),
  showSaveDialog: unanswered('showSaveDialog'),
  showMessageBox: unanswered('showMessageBox'),
  showErrorBox: (title: string, text: string): void => note('showErrorBox', title, text),
})

/** A keyring that lasts as long as the process; `TIDEMARK_STANDIN_KEYRING=none` is a desktop without one. */
const hasKeyring = process.env['TIDEMARK_STANDIN_KEYRING'] !== 'none'
const key = randomBytes(32)
const ivBytes = 12

export const safeStorage = loud('safeStorage', {
  getSelectedStorageBackend: (): string => (hasKeyring ? 'gnome_libsecret' : 'basic_text'),
  isAsyncEncryptionAvailable: (): Promise<boolean> => Promise.resolve(true),
  encryptStringAsync(text: string): Promise<Buffer> {
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv('aes-256-ctr', key, Buffer.concat([iv, Buffer.alloc(4)]))
    return Promise.resolve(Buffer.concat([iv, cipher.update(text), cipher.final()]))
  },
  decryptStringAsync(encrypted: Buffer): Promise<{ result: string; shouldReEncrypt: boolean }> {
    const iv = encrypted.subarray(0, ivBytes)
    const decipher = createDecipheriv('aes-256-ctr', key, Buffer.concat([iv, Buffer.alloc(4)]))
    const text = Buffer.concat([decipher.update(encrypted.subarray(ivBytes)), decipher.final()])
    return Promise.resolve({ result: text.toString(), shouldReEncrypt: false })
  },
})

/** Chromium without a window asks for nothing; what the application set is kept for tests to call. */
const keep = (name: string) => (handler: unknown) => {
  onDesktop.permissions[name] = handler
}
export const session = loud('session', {
  defaultSession: loud('session.defaultSession', {
    setPermissionRequestHandler: keep('request'),
    setPermissionCheckHandler: keep('check'),
    setDevicePermissionHandler: keep('device'),
  }),
})
