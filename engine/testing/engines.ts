import { contract, type EngineClient } from '../api/contract/contract.ts'
import type { JobSnapshot } from '../api/contract/jobs.ts'
import { type EngineOptions, openEngine } from '../api/engine.ts'
import { localClient } from '../api/local.ts'
import type { TestServer } from './servers.ts'

/** An engine in this process with what tests ask of it again and again. */
export type TestEngine = AsyncDisposable & {
  readonly client: EngineClient
  /** Registers a running server as an instance of a catalog, which is made if need be. */
  register(
    catalog: string,
    server: TestServer,
    instance?: string,
  ): Promise<{ catalog: string; instance: string }>
  /** Starts a job and waits for its end, whatever it is. */
  ended(started: Promise<{ readonly job: string }>): Promise<JobSnapshot>
}

export async function startEngine(options: Partial<EngineOptions> = {}): Promise<TestEngine> {
  const engine = await openEngine({ stateDirectory: undefined, transport: 'local', env: {}, ...options })
  const client = localClient(contract, engine.handlers)
  return {
    client,
    async register(catalog, server, instance = 'main') {
      return await client['instances.add']({
        catalog,
        instance,
        createCatalog: true,
        connection: { host: '127.0.0.1', port: String(server.port), user: 'postgres', database: 'postgres' },
        password: server.password,
      })
    },
    async ended(started) {
      const { job } = await started
      for await (const _ of client['jobs.watch']({ job })) {
        // Only the end counts.
      }
      return await client['jobs.get']({ job })
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  }
}
