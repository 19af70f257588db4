import type { RestoredRecord } from '../../api/contract/restored.ts'
import { EngineError } from '../../base/engine-error.ts'
import { type Command, EXIT } from '../context.ts'
import { formatJson } from '../json-text.ts'

/** Looks at a restored directory and the server on it; promotes it and takes the recovery settings out when asked. */
export const afterRestore: Command = async ({ client, given, log, signal, world }) => {
  const dataDirectory = given.path('pgdata')
  if (dataDirectory === undefined) {
    throw new EngineError('usage.invalid', 'the directory that was restored into was not given', {
      hint: 'Give it with -D.',
    })
  }
  const place = { ...given.requireInstance(), dataDirectory }
  if (given.has('promote')) {
    await client['restored.promote'](place, { signal })
    log.info(`the server on ${dataDirectory} is open for writing`)
  }
  if (given.has('clean-up')) {
    await client['restored.clean-up'](place, { signal })
    log.info(`postgresql.auto.conf of ${dataDirectory} has no settings of the restore any more`)
  }
  const found = await client['restored.look'](place, { signal })
  if (given.choice('format') === 'json') world.writeOut(formatJson(toJson(found)))
  else world.writeOut(formatRestored(found))
  return EXIT.success
}

const STAGES = {
  'not-started': 'no server has been started on it yet',
  recovering: 'recovery is not over',
  standby: 'it is a standby',
  open: 'recovery is over',
} as const
const STATES = {
  starting: 'replays WAL and answers nobody yet',
  replaying: 'replays WAL up to its target',
  paused: 'is paused at its target, read-only',
  open: 'is open for writing',
} as const

function formatRestored({ stage, server, log, files, settings, unmarkedSettings }: RestoredRecord): string {
  const at = server?.lsn === undefined ? '' : `, at ${server.lsn}`
  const where = server === undefined ? '' : `the server on ${server.host}:${server.port} `
  const standing =
    server === undefined
      ? 'no server runs'
      : where +
        (server.state === undefined
          ? `could not be asked: ${server.problem?.message ?? ''}`
          : `${STATES[server.state]}${at}`)
  return [
    `Recovery:  ${STAGES[stage]}; ${standing}`,
    ...(log?.stop === undefined ? [] : [`Log:       ${log.stop}`]),
    ...(log?.serious ?? []).map((line) => `Log:       ${line}`),
    `Files:     ${files.length === 0 ? 'none of recovery' : files.join(', ')}`,
    `Settings:  ${settings.length === 0 ? 'none of the restore' : `${settings.length} of the restore, in postgresql.auto.conf:`}`,
    ...settings.map((line) => `           ${line}`),
    ...(unmarkedSettings.length === 0 ? [] : ['Settings of a recovery without a mark:']),
    ...unmarkedSettings.map((line) => `           ${line}`),
    '',
  ].join('\n')
}

function toJson({ dataDirectory, stage, server, log, files, settings, unmarkedSettings }: RestoredRecord) {
  return {
    'data-directory': dataDirectory,
    stage,
    ...(server !== undefined && {
      server: {
        host: server.host,
        port: server.port,
        ...(server.state !== undefined && { state: server.state }),
        ...(server.lsn !== undefined && { lsn: server.lsn }),
        ...(server.lastCommitAt !== undefined && { 'last-commit': server.lastCommitAt }),
        ...(server.problem !== undefined && { problem: server.problem.message }),
      },
    }),
    ...(log !== undefined && {
      log: {
        file: log.file,
        ...(log.stop !== undefined && { stop: log.stop }),
        serious: [...log.serious],
      },
    }),
    files: [...files],
    settings: [...settings],
    'unmarked-settings': [...unmarkedSettings],
  }
}
