import { useEffect, useState } from 'react'
import type { EngineClient } from '../../engine/api/contract/contract.ts'
import type { InstanceRef } from '../../engine/api/contract/values.ts'
import type { ReceiverStatus } from '../../engine/api/contract/wal-receiver.ts'
import { EngineError } from '../../engine/base/engine-error.ts'
import { useEngine } from './engine.tsx'
import type { QueryState } from './use-query.ts'

type Told =
  | { readonly kind: 'status'; readonly status: ReceiverStatus }
  | { readonly kind: 'failure'; readonly error: EngineError }

/** Follows the WAL receiver of an instance while somebody looks. */
export function useReceiver({ catalog, instance }: InstanceRef): QueryState<ReceiverStatus> {
  const engine = useEngine()
  const [state, setState] = useState<QueryState<ReceiverStatus>>({ kind: 'loading' })
  useEffect(() => {
    const stop = new AbortController()
    void follow(engine, { catalog, instance }, stop.signal, (told) =>
      setState((before) =>
        told.kind === 'status'
          ? { kind: 'ready', value: told.status }
          : { kind: 'failed', error: told.error, last: before.kind === 'ready' ? before.value : undefined },
      ),
    )
    return () => stop.abort()
  }, [engine, catalog, instance])
  return state
}

async function follow(
  engine: EngineClient,
  ref: InstanceRef,
  signal: AbortSignal,
  tell: (told: Told) => void,
): Promise<void> {
  try {
    for await (const status of engine['wal-receiver.watch'](ref, { signal })) tell({ kind: 'status', status })
  } catch (thrown) {
    if (signal.aborted) return
    const error = thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown))
    tell({ kind: 'failure', error })
  }
}
