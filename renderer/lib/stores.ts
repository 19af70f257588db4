import { create } from 'zustand'
import type { AppInfo, Settings } from '../../engine/api/contract/app.ts'
import type { JobSnapshot } from '../../engine/api/contract/jobs.ts'
import type { RecoveryTargetInput } from '../../engine/api/contract/restore.ts'
import type { InstanceRef } from '../../engine/api/contract/values.ts'

/** Where the window is. */
export type Route =
  | { readonly screen: 'welcome' | 'add' | 'jobs' | 'settings' }
  | { readonly screen: 'overview' | 'chains'; readonly instance: InstanceRef; readonly selected?: string }
  | { readonly screen: 'wal' | 'retention' | 'config'; readonly instance: InstanceRef }
  /** Of one backup, or of a moment that was chosen elsewhere. */
  | {
      readonly screen: 'drill'
      readonly instance: InstanceRef
      readonly backupId?: string
      readonly target?: RecoveryTargetInput
      readonly isInclusive?: boolean
      readonly targetTimeline?: string
    }
  /** Of one backup, or without one to any moment. */
  | { readonly screen: 'restore'; readonly instance: InstanceRef; readonly backupId?: string }
  | { readonly screen: 'job'; readonly job: string }

type Store = {
  readonly route: Route
  readonly past: readonly Route[]
  readonly future: readonly Route[]
  readonly jobs: Readonly<Record<string, JobSnapshot>>
  readonly settings: Settings
  readonly info: AppInfo | undefined
  /** Counts changes of the catalog; queries ask again when it grows. */
  readonly revision: number
  readonly isGone: boolean
  /** The last thing that was done, for a live region. */
  readonly notice: string
}

const MOST_HISTORY = 100

/** What the window remembers. Facts about backups are not here: they are asked of the engine. */
export const useStore = create<Store>()(() => ({
  route: { screen: 'welcome' },
  past: [],
  future: [],
  jobs: {},
  settings: { language: 'system', theme: 'system', timeZone: 'computer', density: 'comfortable' },
  info: undefined,
  revision: 0,
  isGone: false,
  notice: '',
}))

/** Goes somewhere; Alt+← leads back. */
export function navigate(route: Route): void {
  useStore.setState(({ route: from, past }) => ({
    route,
    past: [...past, from].slice(-MOST_HISTORY),
    future: [],
  }))
}

/** Goes back (-1) or forth (1) in the history. */
export function travel(direction: -1 | 1): void {
  useStore.setState(({ route, past, future }) => {
    const to = direction === -1 ? past.at(-1) : future[0]
    if (to === undefined) return {}
    return direction === -1
      ? { route: to, past: past.slice(0, -1), future: [route, ...future] }
      : { route: to, past: [...past, route], future: future.slice(1) }
  })
}

/** Says something in the live region. */
export function announce(notice: string): void {
  useStore.setState({ notice })
}
