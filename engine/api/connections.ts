import type { InstanceConfig } from '../format/instance-config.ts'
import type { ConnectionSettings } from '../server/connection.ts'
import type { EngineContext } from './context.ts'
import { secretName } from './secrets.ts'

/** What a caller says of a connection. */
export type AskedConnection = {
  readonly host?: string | undefined
  readonly port?: string | undefined
  readonly user?: string | undefined
  readonly database?: string | undefined
  readonly sslMode?: ConnectionSettings['sslMode'] | undefined
}

/**
 * The connection of an instance: what was asked, then the environment and the instance's configuration. On the command
 * line the environment goes before the configuration, as with the reference tool; a desktop application keeps an
 * environment of its own for days, so there the configuration goes first.
 */
export async function connectionOf(
  { env, secrets, transport }: Pick<EngineContext, 'env' | 'secrets' | 'transport'>,
  ref: { readonly catalog: string; readonly instance: string },
  config: InstanceConfig,
  asked: AskedConnection = {},
  askedPassword?: string,
): Promise<ConnectionSettings> {
  const isCommandLine = transport === 'local'
  const pick = (given: string | undefined, variable: string, key: string): string | undefined => {
    const [first, second] = isCommandLine
      ? [env[variable], config.values[key]]
      : [config.values[key], env[variable]]
    return [given, first, second].find((value) => value !== undefined && value !== '')
  }
  const port = pick(asked.port, 'PGPORT', 'pgport')
  return {
    // Without a host the server is on the machine of the cluster (catalog format 15).
    host: pick(asked.host, 'PGHOST', 'pghost') ?? config.values['remote-host'],
    port: port === undefined ? undefined : Number(port),
    user: pick(asked.user, 'PGUSER', 'pguser'),
    database: pick(asked.database, 'PGDATABASE', 'pgdatabase'),
    sslMode: asked.sslMode,
    password: askedPassword ?? (await secrets.read(secretName(ref))),
    env,
  }
}
