import { useEffect, useRef, useState } from 'react'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import type { ReceiverStatus } from '../../../engine/api/contract/wal-receiver.ts'
import { EngineError } from '../../../engine/base/engine-error.ts'
import { useEngine } from '../../lib/engine.tsx'
import type { QueryState } from '../../lib/use-query.ts'

/** Follows the WAL receiver of an instance while somebody looks. */
export function useReceiver({ catalog, instance }: InstanceRef): QueryState<ReceiverStatus> {
  const engine = useEngine()
  const [state, setState] = useState<QueryState<ReceiverStatus>>({ kind: 'loading' })
  const watch = useRef(engine['wal-receiver.watch'])
  useEffect(() => {
    const stop = new AbortController()
    const { signal } = stop
    const follow = async (): Promise<void> => {
      try {
        for await (const value of watch.current({ catalog, instance }, { signal }))
          setState({ kind: 'ready', value })
      } catch (thrown) {
        if (signal.aborted) return
        const error = thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown))
        setState((before) => ({
          kind: 'failed',
          error,
          last: before.kind === 'ready' ? before.value : undefined,
        }))
      }
    }
    void follow()
    return () => stop.abort()
  }, [catalog, instance])
  return state
}
