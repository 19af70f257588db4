import { useCallback, useEffect, useRef, useState } from 'react'
import { EngineError } from '../../engine/base/engine-error.ts'
import { useStore } from './stores.ts'

/** One of the four faces; *empty* is for the screen to tell. `last` is what was known before a failure. */
export type QueryState<Value> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly error: EngineError; readonly last: Value | undefined }
  | { readonly kind: 'ready'; readonly value: Value }

export type Query<Value> = QueryState<Value> & { readonly refetch: () => void }

/**
 * Asks the engine, again whenever `key` differs or something changed in the catalog. The old answer stays until the
 * new one is there.
 */
export function useQuery<Value>(key: string, ask: (signal: AbortSignal) => Promise<Value>): Query<Value> {
  const revision = useStore((store) => store.revision)
  const [again, setAgain] = useState(0)
  const [state, setState] = useState<QueryState<Value> & { readonly key: string }>({ kind: 'loading', key })
  const asking = useRef(ask)
  useEffect(() => {
    asking.current = ask
  })

  useEffect(() => {
    const stop = new AbortController()
    asking.current(stop.signal).then(
      (value) => {
        if (!stop.signal.aborted) setState({ kind: 'ready', value, key })
      },
      (thrown: unknown) => {
        if (stop.signal.aborted) return
        const error = thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown))
        setState((before) => ({
          kind: 'failed',
          error,
          last: before.kind === 'ready' && before.key === key ? before.value : undefined,
          key,
        }))
      },
    )
    return () => stop.abort()
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- a change of the catalog and a retry ask the same question again
  }, [key, revision, again])

  const refetch = useCallback(() => setAgain((count) => count + 1), [])
  return state.key === key ? { ...state, refetch } : { kind: 'loading', refetch }
}
