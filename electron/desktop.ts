import {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  nativeTheme,
  Notification,
  powerSaveBlocker,
  safeStorage,
  type WebContents,
} from 'electron'
import path from 'node:path'
import type { Settings } from '../engine/api/contract/app.ts'
import { contract, type EngineClient } from '../engine/api/contract/contract.ts'
import { connect } from '../engine/api/connect.ts'
import { describeError, isCancelled } from '../engine/base/engine-error.ts'
import { logTo } from '../engine/base/log.ts'
import { type Activity, followActivity, NO_ACTIVITY } from './activity.ts'
import { servePages } from './ipc.ts'
import { askLeaving, cancelJobs } from './leaving.ts'
import { menuTemplate } from './menu.ts'
import { noticeFor } from './notices.ts'
import { openSecretStore } from './secrets.ts'
import { type EngineThread, startEngine } from './start-engine.ts'
import { openTray } from './tray.ts'
import { bringToFront, openWindow } from './window.ts'
import { type Words, wordsFor } from './words.ts'

const ASSETS = path.join(import.meta.dirname, '..', '..', 'assets')
const PRELOAD = path.join(import.meta.dirname, 'preload.cjs')
const ENGINE_ENTRY = new URL('./engine-thread.js', import.meta.url)

const log = logTo(({ level, message }) => process.stderr.write(`tidemark: ${level}: ${message}\n`))

/** Puts the application on the desktop: engine, window, menu, tray. Resolves when the first window is being loaded. */
export async function openDesktop(): Promise<void> {
  const isDiagnostic = !app.isPackaged || process.argv.includes('--diagnostics')
  const userData = app.getPath('userData')
  const secrets = await openSecretStore({
    file: path.join(userData, 'secrets.json'),
    safeStorage,
    platform: process.platform,
    log,
  })

  const windows = new Map<WebContents, BrowserWindow>()
  let engine: EngineThread | undefined
  let client: EngineClient | undefined
  let activity: Activity = NO_ACTIVITY
  let words: Words = wordsFor('system', app.getPreferredSystemLanguages())
  let wakeLock: number | undefined
  let isAsking = false
  let isLeaving = false

  const tray = openTray(path.join(ASSETS, 'tray'), nativeTheme.shouldUseDarkColorsForSystemIntegratedUI, {
    open: openOrShow,
    cancelJob: (id) => void client?.['jobs.cancel']({ job: id }).catch(report),
    quit: () => app.quit(),
  })
  servePages(ipcMain, {
    isWindow: (contents) => windows.has(contents),
    connectEngine: () => engine?.connect(),
    chooseDirectory,
  })
  nativeTheme.on('updated', () => tray.setDark(nativeTheme.shouldUseDarkColorsForSystemIntegratedUI))
  app.on('second-instance', openOrShow)
  app.on('activate', openOrShow)
  app.on('before-quit', (event) => {
    if (isLeaving) return
    event.preventDefault()
    void leave()
  })
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })

  showWords()
  launchEngine()
  open()

  function launchEngine(): void {
    const launched = startEngine({
      entry: ENGINE_ENTRY,
      stateDirectory: path.join(userData, 'engine'),
      secrets,
    })
    const following = new AbortController()
    engine = launched
    client = connect(contract, launched.connect())
    const listener = {
      changed: showActivity,
      ended: notify,
      settingsChanged: () => void applySettings(),
      failed: report,
    }
    followActivity(client, listener, following.signal).catch(report)
    void applySettings()
    void watchEnd(launched, following)
  }

  async function watchEnd(launched: EngineThread, following: AbortController): Promise<void> {
    const reason = await launched.ended
    following.abort()
    engine = undefined
    client = undefined
    showActivity(NO_ACTIVITY)
    if (reason !== undefined && !isLeaving) await offerRestart(reason)
  }

  async function offerRestart(reason: Error): Promise<void> {
    log.error(`the engine ended: ${describeError(reason)}`)
    const { response } = await dialog.showMessageBox({
      type: 'error',
      message: words.engineEnded,
      detail: words.engineEndedDetail(reason.message),
      buttons: [words.restartEngine, words.quit],
      defaultId: 0,
      cancelId: 1,
      noLink: true,
    })
    if (response !== 0) return app.quit()
    launchEngine()
    for (const window of windows.values()) window.webContents.reload()
  }

  function open(): void {
    const window = openWindow({
      preload: PRELOAD,
      icon: path.join(ASSETS, 'icons', '512x512.png'),
      isDark: nativeTheme.shouldUseDarkColors,
      hasDeveloperTools: isDiagnostic,
      onFailure: report,
    })
    const { webContents } = window
    windows.set(webContents, window)
    window.on('close', (event) => {
      // The last window is the user's way out: what runs is asked about before it closes, not after.
      if (isLeaving || windows.size > 1 || activity.jobs.length === 0 || process.platform === 'darwin') return
      event.preventDefault()
      void leave()
    })
    window.on('closed', () => windows.delete(webContents))
  }

  function openOrShow(): void {
    if (windows.size === 0) open()
    for (const window of windows.values()) bringToFront(window)
  }

  async function chooseDirectory(
    contents: WebContents,
    { title, from }: { title?: string; from?: string },
  ): Promise<string | undefined> {
    const window = windows.get(contents)
    if (window === undefined) return undefined
    const { filePaths } = await dialog.showOpenDialog(window, {
      title: title ?? words.chooseDirectory,
      ...(from !== undefined && { defaultPath: from }),
      properties: ['openDirectory', 'createDirectory', 'showHiddenFiles'],
    })
    return filePaths[0]
  }

  /** Quits, unless something runs and the user would rather not. */
  async function leave(): Promise<void> {
    if (isAsking) return
    if (activity.jobs.length > 0) {
      isAsking = true
      const parent = BrowserWindow.getFocusedWindow() ?? [...windows.values()].find((w) => w.isVisible())
      const answer = await askLeaving(dialog, parent, {
        jobCount: activity.jobs.length,
        words,
        hasTray: true,
      }).finally(() => {
        isAsking = false
      })
      if (answer === 'stay') return
      if (answer === 'keep-running') {
        for (const window of windows.values()) window.hide()
        return
      }
      if (client !== undefined) await cancelJobs(client, activity.jobs)
    }
    isLeaving = true
    await engine?.stop()
    tray.remove()
    app.quit()
  }

  function showActivity(next: Activity): void {
    activity = next
    if (!isLeaving) tray.show(activity, words)
    const isBusy = activity.jobs.length > 0
    if (isBusy && wakeLock === undefined) wakeLock = powerSaveBlocker.start('prevent-app-suspension')
    if (!isBusy && wakeLock !== undefined) {
      powerSaveBlocker.stop(wakeLock)
      wakeLock = undefined
    }
  }

  function notify(job: Parameters<typeof noticeFor>[0]): void {
    const isVisible = [...windows.values()].some((window) => window.isVisible() && !window.isMinimized())
    const notice = noticeFor(job, isVisible, words)
    if (notice === undefined || !Notification.isSupported()) return
    const shown = new Notification(notice)
    shown.on('click', openOrShow)
    shown.show()
  }

  async function applySettings(): Promise<void> {
    let settings: Settings
    try {
      if (client === undefined) return
      settings = await client['app.settings']({})
    } catch (thrown) {
      return report(thrown)
    }
    nativeTheme.themeSource = settings.theme
    words = wordsFor(settings.language, app.getPreferredSystemLanguages())
    showWords()
  }

  function showWords(): void {
    const template = menuTemplate({ words, platform: process.platform, isDiagnostic, openWindow: open })
    Menu.setApplicationMenu(Menu.buildFromTemplate(template))
    tray.show(activity, words)
  }

  /** The end of the engine is told once, by its own event; what else fails here is written down. */
  function report(thrown: unknown): void {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
    if (code !== 'engine.gone' && !isCancelled(thrown)) log.error(describeError(thrown))
  }
}
