import type { BackupId } from '../base/backup-id.ts'
import { EngineError } from '../base/engine-error.ts'
import { type IsoTime, secondsFromIso } from '../base/iso-time.ts'
import type { Run } from '../base/run.ts'
import { readInventory } from '../catalog/inventory.ts'
import { takeBackup } from '../operations/backup/run.ts'
import { validateBackups } from '../operations/validate/run.ts'
import { connectionOf } from './connections.ts'
import type { EngineContext } from './context.ts'
import type { BackupRequest } from './contract/backups.ts'
import type { JobResult } from './contract/jobs.ts'
import { NEWEST_PROGRAM_VERSION, WRITTEN_PROGRAM_VERSION } from './version.ts'

/**
 * A backup and, unless it is not wanted, its validation: one job, since nobody wants the one without the other.
 *
 * @throws {EngineError} what {@link takeBackup} does; `backup.damaged` when the validation fails, which leaves the backup
 * with the status that it was given
 */
export async function backUp(
  context: EngineContext,
  request: BackupRequest,
  run: Run,
  tell: (id: BackupId, mode: string) => void,
): Promise<JobResult> {
  const { catalog, instance } = request
  const { config } = await readInventory(catalog, instance, run)
  const taken = await takeBackup(
    {
      catalog,
      instance,
      options: {
        ...request,
        expireSeconds:
          request.expireTime === undefined ? undefined : secondsFromIso(request.expireTime as IsoTime),
      },
      connection: await connectionOf(context, request, config, request.connection, request.password),
      programVersion: WRITTEN_PROGRAM_VERSION,
      newestProgramVersion: NEWEST_PROGRAM_VERSION,
    },
    run,
    tell,
  )
  const sizes = { dataBytes: taken.control.dataBytes ?? 0, walBytes: taken.control.walBytes ?? 0 }
  const done = { kind: 'backup', backupId: taken.id, ...sizes } as const
  if (request.isValidated === false) {
    run.log.warning(`backup ${taken.id} was not validated`)
    return { ...done, status: 'DONE' }
  }
  const { verdicts, findings } = await validateBackups(
    {
      catalog,
      instances: [instance],
      ids: [taken.id],
      threads: request.threads ?? 1,
      checksBlocks: request.checksBlocks ?? true,
      newestProgramVersion: NEWEST_PROGRAM_VERSION,
    },
    run,
  )
  const status = verdicts.find(({ backupId }) => backupId === taken.id)?.status ?? 'DONE'
  if (status !== 'OK') {
    throw new EngineError(
      'backup.damaged',
      `backup ${taken.id} was taken but failed its validation: ${findings[0]?.message ?? status}`,
      {
        hint: 'Look at the log of the job; check the disk of the catalog, then take the backup again.',
        facts: { backup: taken.id },
      },
    )
  }
  return { ...done, status }
}
