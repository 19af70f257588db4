import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import { requireControlFile } from '../../format/control-file.ts'
import type { InstanceConfig } from '../../format/instance-config.ts'
import { mapFileError } from '../../host/file-error.ts'
import type { ServerFacts } from '../../server/postgres/facts.ts'

const SUPPORTED_BLOCK_BYTES = 8192

/**
 * The server, the data directory and the instance must be one and the same cluster: connecting to one server and
 * copying the files of another would give a backup that looks fine and is worthless.
 *
 * @throws {EngineError} `instance.identity-mismatch`, `server.unsupported`
 */
export async function requireSameCluster(
  facts: ServerFacts,
  dataDirectory: string,
  config: InstanceConfig,
): Promise<void> {
  const file = path.join(dataDirectory, 'global', 'pg_control')
  const bytes = await readFile(file).catch((thrown: unknown) => {
    throw mapFileError(thrown, file, 'read')
  })
  const control = requireControlFile(bytes)
  const registered = config.values['system-identifier']
  if (registered !== undefined && registered !== String(facts.systemIdentifier)) {
    throw mismatch('the server', facts.systemIdentifier, 'the instance was registered for', registered)
  }
  if (control.systemIdentifier !== facts.systemIdentifier) {
    throw mismatch(
      `the data directory ${dataDirectory}`,
      control.systemIdentifier,
      'the server has',
      facts.systemIdentifier,
    )
  }
  if (facts.blockBytes !== SUPPORTED_BLOCK_BYTES || facts.walBlockBytes !== SUPPORTED_BLOCK_BYTES) {
    throw new EngineError(
      'server.unsupported',
      `the server has blocks of ${facts.blockBytes} and WAL blocks of ${facts.walBlockBytes} bytes`,
      {
        hint: 'Only servers built with the usual 8 KiB blocks can be backed up in this format.',
      },
    )
  }
}

function mismatch(what: string, its: bigint, other: string, theirs: bigint | string): EngineError {
  return new EngineError(
    'instance.identity-mismatch',
    `${what} has the system identifier ${its}, ${other} ${theirs}`,
    { hint: 'Check host, port and data directory; register another cluster as an instance of its own.' },
  )
}
