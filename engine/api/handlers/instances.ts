import { EngineError, toWireError } from '../../base/engine-error.ts'
import {
  isCatalog,
  listInstances,
  readConfigText,
  readInstanceConfig,
  requireCatalog,
} from '../../catalog/instance.ts'
import { readInventory } from '../../catalog/inventory.ts'
import { addInstance } from '../../operations/add-instance/run.ts'
import { planConfig } from '../../operations/change-config/plan.ts'
import { changeConfig } from '../../operations/change-config/run.ts'
import { deleteInstance } from '../../operations/del-instance/run.ts'
import { initCatalog } from '../../operations/init/run.ts'
import { openSession } from '../../server/connection.ts'
import { readFacts } from '../../server/postgres/facts.ts'
import { configEntries, instanceSettings, keptSettings } from '../config-entries.ts'
import { connectionOf } from '../connections.ts'
import type { EngineContext } from '../context.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import type { instances as contract } from '../contract/instances.ts'
import { fleetCatalog, overviewOf } from '../fleet.ts'
import { probe } from '../probe.ts'
import { quietRun } from '../quiet-run.ts'
import { secretName } from '../secrets.ts'
import { serverStatus } from '../server-status.ts'
import { configHandler } from './archiving.ts'

export function instanceHandlers(context: EngineContext): Pick<EngineHandlers, keyof typeof contract> {
  const { state, changes, secrets, jobs, env } = context

  const remember = async (catalog: string): Promise<void> => {
    await state.addCatalog(catalog)
    changes.tell('fleet', catalog)
  }

  return {
    'fleet.list': async (_, { signal }) => {
      const paths = new Set([
        ...state.catalogs,
        ...(env['BACKUP_PATH'] === undefined ? [] : [env['BACKUP_PATH']]),
      ])
      const catalogs = []
      for (const catalog of paths) {
        // A BACKUP_PATH that has not been initialised yet is no catalog to complain about.
        if (!state.catalogs.includes(catalog) && !(await isCatalog(catalog))) continue
        catalogs.push(await fleetCatalog(context, catalog, signal))
      }
      return catalogs
    },
    'catalogs.create': async ({ path: catalog }, { signal }) => {
      await initCatalog(catalog, quietRun(context, signal))
      await remember(catalog)
      return { path: catalog }
    },
    'catalogs.open': async ({ path: catalog }) => {
      const instances = await listInstances(await requireCatalog(catalog))
      await remember(catalog)
      return { path: catalog, instances }
    },
    'catalogs.forget': async ({ path: catalog }) => {
      await state.removeCatalog(catalog)
      changes.tell('fleet', catalog)
      return { path: catalog }
    },
    'instances.overview': async ({ catalog, instance }, { signal }) =>
      await overviewOf(context, catalog, instance, signal),
    'instances.server': async (ref, { signal }) => {
      const { config } = await readInventory(ref.catalog, ref.instance, { signal })
      const run = quietRun(context, signal)
      await using session = await openSession(await connectionOf(context, ref, config), run)
      return serverStatus(await readFacts(session), config.values['system-identifier'])
    },
    'instances.probe': async (request, { signal }) => await probe(context, request, signal),
    'instances.add': async (request, { signal }) => {
      const { catalog, instance, password } = request
      const run = quietRun(context, signal)
      if (request.createCatalog === true && !(await isCatalog(catalog))) await initCatalog(catalog, run)
      const dataDirectory = request.dataDirectory ?? (await askDataDirectory(context, request, signal))
      await addInstance(
        {
          catalog,
          instance,
          dataDirectory,
          config: { ...connectionConfig(request.connection), ...request.config },
        },
        run,
      )
      if (password !== undefined && password !== '') await secrets.write(secretName(request), password)
      await remember(catalog)
      return { catalog, instance }
    },
    'instances.remove': async ({ catalog, instance, typedName }, { signal }) => {
      if (typedName !== instance) {
        throw new EngineError('plan.refused', `"${typedName}" is not the name of the instance`, {
          hint: `Type ${instance} to delete its backups and its WAL.`,
        })
      }
      const busy = jobs
        .list(1000)
        .find((job) => job.state === 'running' && job.catalog === catalog && job.instance === instance)
      if (busy !== undefined) {
        throw new EngineError('catalog.locked', `a ${busy.kind} job of instance "${instance}" is running`, {
          hint: 'Wait until it ends, or cancel it.',
        })
      }
      const { deletedBackups } = await deleteInstance({ catalog, instance }, quietRun(context, signal))
      await secrets.remove(secretName({ catalog, instance }))
      changes.tell('fleet', catalog, instance)
      return { deletedBackups }
    },
    'instances.set-password': async (ref) => {
      const { password } = ref
      if (password === undefined || password === '') await secrets.remove(secretName(ref))
      else await secrets.write(secretName(ref), password)
      return { isKept: secrets.kind === 'keyring' }
    },
    ...configHandler(context),
    'instances.settings': async ({ catalog, instance }) => {
      await requireCatalog(catalog)
      return {
        settings: instanceSettings(readInstanceConfig(catalog, instance), env),
        kept: keptSettings(readConfigText(catalog, instance)),
      }
    },
    'instances.plan-config': async ({ catalog, instance, values }) => {
      await requireCatalog(catalog)
      const { hash, lines, changed, problems } = planConfig(readConfigText(catalog, instance), values)
      return {
        hash,
        changed,
        problems: problems.map(({ key, error }) => ({ key, error: toWireError(error) })),
        lines: lines.flatMap(({ kind, text }) => (kind === 'same' ? [] : [{ kind, text }])),
      }
    },
    'instances.change-config': async (asked, { signal }) => {
      const { catalog, instance } = asked
      const config = await changeConfig(asked, quietRun(context, signal))
      changes.tell('instance', catalog, instance)
      return configEntries(config, env)
    },
  }
}

type AddRequest = Parameters<EngineHandlers['instances.add']>[0]

/** Asks the server, then the environment: a form that was left empty is filled by what is true. */
async function askDataDirectory(
  context: EngineContext,
  request: AddRequest,
  signal: AbortSignal,
): Promise<string> {
  const fromEnvironment = context.env['PGDATA']
  if (request.connection === undefined && fromEnvironment !== undefined) return fromEnvironment
  const config = { values: connectionConfig(request.connection) }
  const connection = await connectionOf(context, request, config, request.connection, request.password)
  await using session = await openSession(connection, quietRun(context, signal))
  const { dataDirectory } = await readFacts(session)
  if (dataDirectory === undefined) {
    throw new EngineError('server.denied', 'the role may not ask the server for its data directory', {
      hint: 'Give the data directory, or: GRANT pg_read_all_settings TO the role.',
    })
  }
  return dataDirectory
}

/** The connection as keys of `pg_probackup.conf`. Never the password. */
function connectionConfig(connection: AddRequest['connection']): Record<string, string> {
  const pairs = [
    ['pghost', connection?.host],
    ['pgport', connection?.port],
    ['pguser', connection?.user],
    ['pgdatabase', connection?.database],
  ] as const
  return Object.fromEntries(
    pairs.filter((pair): pair is [(typeof pair)[0], string] => pair[1] !== undefined && pair[1] !== ''),
  )
}
