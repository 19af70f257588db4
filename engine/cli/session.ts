import { contract } from '../api/contract/contract.ts'
import { openEngine } from '../api/engine.ts'
import { localClient } from '../api/local.ts'
import { memorySecrets } from '../api/secrets.ts'
import type { Log } from '../base/log.ts'
import type { Environment } from './given.ts'
import type { Session } from './world.ts'

/** Opens the engine in this process. It keeps nothing: jobs end with the command, passwords with the process. */
export async function openSession(env: Environment, log: Log): Promise<Session> {
  const engine = await openEngine({
    stateDirectory: undefined,
    transport: 'local',
    secrets: memorySecrets(),
    env,
    log: {
      verbose: (message) => log.verbose(message),
      log: (message) => log.log(message),
      // The commands themselves say what they have done.
      info: (message) => log.log(message),
      warning: (message) => log.warning(message),
      error: (message) => log.error(message),
    },
  })
  return {
    client: localClient(contract, engine.handlers),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  }
}
