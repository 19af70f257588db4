import type { BrowserWindow, Dialog, MenuItemConstructorOptions, MessageBoxOptions } from 'electron'
import { expect, it, vi } from 'vitest'
import type { EngineClient } from '../engine/api/contract/contract.ts'
import type { JobSnapshot } from '../engine/api/contract/jobs.ts'
import { NO_ACTIVITY } from './activity.ts'
import { askLeaving, cancelJobs } from './leaving.ts'
import { menuTemplate } from './menu.ts'
import { noticeFor } from './notices.ts'
import { trayTemplate } from './tray.ts'
import { type Words, wordsFor } from './words.ts'

vi.mock('electron', () => ({ Menu: {}, nativeImage: {}, Tray: vi.fn() }))

const english = wordsFor('en', [])
const chinese = wordsFor('zh-CN', [])

function job(part: Partial<JobSnapshot> = {}): JobSnapshot {
  return {
    id: 'j1',
    kind: 'backup',
    state: 'running',
    instance: 'orders',
    catalog: '/c',
    ...part,
  } as JobSnapshot
}

it.each<[Parameters<typeof wordsFor>[0], string[], Words]>([
  ['system', ['fr-FR', 'zh-Hans-CN', 'en'], chinese],
  ['system', ['en-GB', 'zh-CN'], english],
  ['system', ['de'], english],
  ['system', [], english],
  ['en', ['zh-CN'], english],
  ['zh-CN', ['en'], chinese],
])('speaks the language for %s of %j', (setting, system, words) => {
  expect(wordsFor(setting, system)).toBe(words)
})

/** Every label of a menu, also of those inside. */
function labels(items: readonly MenuItemConstructorOptions[]): (string | undefined)[] {
  return items
    .filter(({ type }) => type !== 'separator')
    .flatMap(({ label, submenu }) => [label, ...(Array.isArray(submenu) ? labels(submenu) : [])])
}

it.each(['linux', 'darwin', 'win32'] as const)(
  'labels every item of the menu in Chinese on %s',
  (platform) => {
    const template = menuTemplate({
      words: chinese,
      platform,
      isDiagnostic: true,
      openWindow: () => undefined,
    })
    for (const label of labels(template)) expect(label).toMatch(/[一-鿿]|^Tidemark$/)
  },
)

it('offers developer tools only where they are meant to be', () => {
  const found = (isDiagnostic: boolean): boolean =>
    labels(
      menuTemplate({ words: english, platform: 'linux', isDiagnostic, openWindow: () => undefined }),
    ).includes(english.developerTools)
  expect([found(true), found(false)]).toEqual([true, false])
})

it('lists each job in the tray with its cancel', () => {
  const cancelJob = vi.fn<(id: string) => void>()
  const actions = { open: () => undefined, cancelJob, quit: () => undefined }
  const template = trayTemplate({ ...NO_ACTIVITY, jobs: [job()] }, english, actions)
  expect(labels(template)).toEqual([
    'Tidemark: 1 job is running',
    'Backup of orders',
    'Cancel: Backup of orders',
    'Open Tidemark',
    'Quit Tidemark',
  ])
  const [cancel] = (template[2]?.submenu ?? []) as { click(): void }[]
  cancel?.click()
  expect(cancelJob).toHaveBeenCalledWith('j1')
  expect(labels(trayTemplate(NO_ACTIVITY, chinese, actions))).toContain(chinese.noJobs)
})

it('speaks up for a failure always, for a success only when it was long and nobody looked', () => {
  const long = { startedAt: '2026-11-21T00:00:00Z', endedAt: '2026-11-21T00:01:00Z' } as Partial<JobSnapshot>
  const short = { ...long, endedAt: '2026-11-21T00:00:59Z' } as Partial<JobSnapshot>
  const failed = job({ state: 'failed', error: { code: 'storage.full', message: 'no room' } })
  expect(noticeFor(failed, true, english)).toEqual({ title: 'Backup of orders failed', body: 'no room' })
  expect(noticeFor(job({ state: 'succeeded', ...long }), false, english)?.title).toBe(
    'Backup of orders is done',
  )
  expect(noticeFor(job({ state: 'succeeded', ...long }), true, english)).toBeUndefined()
  expect(noticeFor(job({ state: 'succeeded', ...short }), false, english)).toBeUndefined()
  expect(noticeFor(job({ state: 'cancelled', ...long }), false, english)).toBeUndefined()
})

it.each([
  [true, 0, 'keep-running'],
  [true, 1, 'stop-jobs'],
  [true, 2, 'stay'],
  [false, 0, 'stop-jobs'],
  [false, 1, 'stay'],
  [true, -1, 'stay'],
] as const)('with a tray: %s, button %i means %s', async (hasTray, response, answer) => {
  let asked: MessageBoxOptions | undefined
  const dialog = {
    showMessageBox(...values: unknown[]) {
      asked = values.at(-1) as MessageBoxOptions
      return Promise.resolve({ response })
    },
  } as unknown as Dialog
  const parent = hasTray ? ({} as BrowserWindow) : undefined
  expect(await askLeaving(dialog, parent, { jobCount: 2, words: english, hasTray })).toBe(answer)
  // Neither Enter nor Escape stops a backup.
  for (const id of [asked?.defaultId, asked?.cancelId]) {
    expect(asked?.buttons?.[id ?? -1]).not.toBe(english.stopAndQuit)
  }
})

it('waits until each job has ended, and gives up on none because of another', async () => {
  const cancelled: string[] = []
  const client = {
    async 'jobs.cancel'({ job: id }: { job: string }) {
      cancelled.push(id)
      if (id === 'gone') throw new Error('there is no such job')
      return job({ id })
    },
    async *'jobs.watch'({ job: id }: { job: string }) {
      yield job({ id })
      cancelled.push(`${id} ended`)
      yield job({ id, state: 'cancelled' })
      throw new Error('nobody should read on')
    },
  } as unknown as EngineClient
  await cancelJobs(client, [job({ id: 'gone' }), job({ id: 'a' }), job({ id: 'b' })])
  expect(cancelled.sort()).toEqual(['a', 'a ended', 'b', 'b ended', 'gone'])
})
