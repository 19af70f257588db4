import { createContext, type ReactNode, useContext } from 'react'
import type { EngineClient } from '../../engine/api/contract/contract.ts'

const EngineContext = createContext<EngineClient | undefined>(undefined)

/** Gives everything below it the engine. */
export function EngineProvider({
  client,
  children,
}: {
  readonly client: EngineClient
  readonly children: ReactNode
}) {
  return <EngineContext value={client}>{children}</EngineContext>
}

/** The engine. Only below an {@link EngineProvider}. */
export function useEngine(): EngineClient {
  const client = useContext(EngineContext)
  if (client === undefined) throw new Error('bug: no engine above this component')
  return client
}
