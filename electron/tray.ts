import path from 'node:path'
import { Menu, type MenuItemConstructorOptions, nativeImage, Tray } from 'electron'
import type { JobSnapshot } from '../engine/api/contract/jobs.ts'
import { type Activity, type Glyph, glyphOf } from './activity.ts'
import type { Words } from './words.ts'

/** What a user can do from the tray. */
type TrayActions = {
  open(): void
  cancelJob(id: string): void
  quit(): void
}

/** The glyph beside the clock. */
type TrayIcon = {
  show(activity: Activity, words: Words): void
  /** Glyphs are light on a dark bar and dark on a light one. */
  setDark(isDark: boolean): void
  remove(): void
}

/** Puts a glyph from `directory` (`<glyph>-<light|dark>.png`) beside the clock. */
export function openTray(directory: string, isDark: boolean, actions: TrayActions): TrayIcon {
  let shownGlyph: Glyph = 'calm'
  const image = () =>
    nativeImage.createFromPath(path.join(directory, `${shownGlyph}-${isDark ? 'light' : 'dark'}.png`))
  const tray = new Tray(image())
  let shownMenu = ''
  tray.on('click', () => actions.open())

  return {
    show(activity, words) {
      const glyph = glyphOf(activity)
      if (glyph !== shownGlyph) {
        shownGlyph = glyph
        tray.setImage(image())
      }
      tray.setToolTip(tooltip(activity, words))
      // A menu that is replaced closes under the user's hand, and jobs report ten times a second.
      const template = trayTemplate(activity, words, actions)
      const key = JSON.stringify(template)
      if (key === shownMenu) return
      shownMenu = key
      tray.setContextMenu(Menu.buildFromTemplate(template))
    },
    setDark(isNowDark) {
      isDark = isNowDark
      tray.setImage(image())
    },
    remove: () => tray.destroy(),
  }
}

/** The menu of the tray: how things stand, each job with its cancel, open, quit. */
export function trayTemplate(
  activity: Activity,
  words: Words,
  actions: TrayActions,
): MenuItemConstructorOptions[] {
  const jobs = activity.jobs.map((job): MenuItemConstructorOptions => {
    const what = describeJob(job, words)
    return {
      label: what,
      submenu: [{ label: words.cancelJob(what), click: () => actions.cancelJob(job.id) }],
    }
  })
  return [
    { label: tooltip(activity, words), enabled: false },
    { type: 'separator' },
    ...(jobs.length > 0 ? jobs : [{ label: words.noJobs, enabled: false }]),
    { type: 'separator' },
    { label: words.open, click: () => actions.open() },
    { label: words.quit, click: () => actions.quit() },
  ]
}

/** `Backup of orders`, in the user's language. */
export function describeJob({ kind, instance, catalog }: JobSnapshot, words: Words): string {
  return words.job[kind](instance ?? catalog)
}

/** What the tray says of an activity in one line. */
function tooltip(activity: Activity, words: Words): string {
  switch (glyphOf(activity)) {
    case 'problem':
      return words.problem(activity.problemCount)
    case 'attention':
      return words.attention(activity.attentionCount)
    case 'working':
      return words.working(activity.jobs.length)
    case 'calm':
      return words.calm
  }
}
