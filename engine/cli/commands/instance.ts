import type { ConnectionInput } from '../../api/contract/instances.ts'
import { type Command, EXIT } from '../context.ts'
import { withPassword } from '../password.ts'
import { collectSettings } from '../settings.ts'

/**
 * Registers a cluster; the settings of the command line become the saved ones. Those of the environment do not: the engine
 * follows them when it has to ask the server, and they may differ for the next caller.
 */
export const addInstance: Command = async (context) => {
  const { client, given, log, signal } = context
  const ref = given.requireInstance()
  const { pgdata: _pgdata, ...config } = collectSettings(given)
  const connection: ConnectionInput = {
    ...optional('host', given.own('pghost')),
    ...optional('port', given.own('pgport')),
    ...optional('user', given.own('pguser')),
    ...optional('database', given.own('pgdatabase')),
  }
  const dataDirectory = given.path('pgdata')
  await withPassword(context, (password) =>
    client['instances.add'](
      {
        ...ref,
        config,
        ...(Object.keys(connection).length > 0 && { connection }),
        ...optional('dataDirectory', dataDirectory),
        ...optional('password', password),
      },
      { signal },
    ),
  )
  log.info(`the instance ${ref.instance} was added to ${ref.catalog}`)
  return EXIT.success
}

/** Deletes an instance. To name it is to confirm it, as in the other tools of the family. */
export const delInstance: Command = async ({ client, given, log, signal }) => {
  const ref = given.requireInstance()
  const { deletedBackups } = await client['instances.remove']({ ...ref, typedName: ref.instance }, { signal })
  log.info(`the instance ${ref.instance} was deleted, with ${deletedBackups} backups`)
  return EXIT.success
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value }
}
