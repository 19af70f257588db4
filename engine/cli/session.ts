import { contract } from '../api/contract/contract.ts'
import { openEngine } from '../api/engine.ts'
import { localClient } from '../api/local.ts'
import type { Environment } from './given.ts'
import type { Session } from './world.ts'

/** Opens the engine in this process. It keeps nothing: jobs end with the command, passwords with the process. */
export async function openSession(environment: Environment): Promise<Session> {
  const engine = await openEngine({ stateDirectory: undefined, transport: 'local', env: environment })
  return {
    client: localClient(contract, engine.handlers),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  }
}
