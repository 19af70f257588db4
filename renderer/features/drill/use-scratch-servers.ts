import { useRef, useState } from 'react'
import type { ScratchServerRecord } from '../../../engine/api/contract/scratch.ts'
import { useEngine } from '../../lib/engine.tsx'
import { type Query, useQuery } from '../../lib/use-query.ts'

/** The scratch servers that are up, and those that went while somebody looked and did not stop them. */
export function useScratchServers(key: string): {
  /** Of all instances. */
  readonly servers: Query<readonly ScratchServerRecord[]>
  readonly gone: readonly ScratchServerRecord[]
  /** Whoever stops one knows where it went. */
  readonly stopping: (id: string) => void
  readonly forget: (id: string) => void
} {
  const engine = useEngine()
  const known = useRef<readonly ScratchServerRecord[]>([])
  const stopped = useRef(new Set<string>())
  const [gone, setGone] = useState<readonly ScratchServerRecord[]>([])
  const servers = useQuery(`scratch ${key}`, async (signal) => {
    const up = await engine['scratch.list']({}, { signal })
    if (signal.aborted) return up
    const unasked = goneUnasked(known.current, up, stopped.current)
    known.current = up
    if (unasked.length > 0) setGone((before) => [...before, ...unasked])
    return up
  })
  return {
    servers,
    gone,
    stopping: (id) => stopped.current.add(id),
    forget: (id) => setGone((before) => before.filter((one) => one.id !== id)),
  }
}

/** Those that were up before, are not any more, and were not stopped from here. */
export function goneUnasked<Server extends { readonly id: string }>(
  before: readonly Server[],
  up: readonly Server[],
  stopped: ReadonlySet<string>,
): readonly Server[] {
  return before.filter(({ id }) => !stopped.has(id) && !up.some((one) => one.id === id))
}
