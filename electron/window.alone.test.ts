import { EventEmitter } from 'node:events'
import type { BrowserWindowConstructorOptions } from 'electron'
import { beforeEach, expect, it, vi } from 'vitest'
import { openWindow } from './window.ts'

const opened = vi.hoisted(() => [] as unknown[])

let loaded: Promise<void>

class FakeWindow extends EventEmitter {
  readonly options: BrowserWindowConstructorOptions
  readonly webContents = Object.assign(new EventEmitter(), { reload: vi.fn() })
  readonly loadURL = vi.fn(() => loaded)
  readonly show = vi.fn()
  readonly destroy = vi.fn()
  constructor(options: BrowserWindowConstructorOptions) {
    super()
    this.options = options
    opened.push(this)
  }
  isDestroyed(): boolean {
    return false
  }
}
vi.mock('electron', () => ({
  get BrowserWindow() {
    return FakeWindow
  },
}))

const onFailure = vi.fn<(reason: unknown) => void>()

beforeEach(() => {
  opened.splice(0)
  loaded = Promise.resolve()
  onFailure.mockClear()
})

function open(): FakeWindow {
  openWindow({
    preload: '/app/preload.cjs',
    icon: '/app/icon.png',
    isDark: false,
    hasDeveloperTools: false,
    onFailure,
  })
  return opened[0] as FakeWindow
}

it('opens a window whose page is shut in', () => {
  const window = open()
  expect(window.options.webPreferences).toEqual({
    preload: '/app/preload.cjs',
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    webviewTag: false,
    spellcheck: false,
    devTools: false,
  })
  expect(window.loadURL).toHaveBeenCalledWith('app://bundle/')
})

it('shows itself only when there is something to see', () => {
  const window = open()
  expect([window.options.show, window.show.mock.calls.length]).toEqual([false, 0])
  window.emit('ready-to-show')
  expect(window.show).toHaveBeenCalledOnce()
})

it('loads a page again that crashed, but not for ever', () => {
  const window = open()
  window.webContents.emit('render-process-gone', {}, { reason: 'clean-exit' })
  expect(window.webContents.reload).not.toHaveBeenCalled()
  for (let crash = 0; crash < 4; crash++) {
    window.webContents.emit('render-process-gone', {}, { reason: 'crashed' })
  }
  expect(window.webContents.reload).toHaveBeenCalledTimes(3)
  expect(window.destroy).toHaveBeenCalledOnce()
})

it('says so when the page cannot be loaded', async () => {
  loaded = Promise.reject(new Error('ERR_FAILED'))
  open()
  await expect.poll(() => onFailure.mock.calls).toEqual([[new Error('ERR_FAILED')]])
})
