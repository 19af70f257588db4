import type { EngineClient } from '../../api/contract/contract.ts'
import type { JobSnapshot } from '../../api/contract/jobs.ts'
import { EngineError } from '../../base/engine-error.ts'
import { readConnection } from '../connection.ts'
import { type Command, EXIT } from '../context.ts'
import { followJob, reportEnd } from '../follow-job.ts'
import type { Given } from '../given.ts'
import { withPassword } from '../password.ts'
import { prettySize } from '../pretty.ts'

type ReceiveRequest = Parameters<EngineClient['wal-receiver.start']>[0]

/** Receives WAL until it is told to stop, which is a success. */
export const receiveWal: Command = async (context) => {
  const { client, given, log, signal } = context
  const request = readReceiveRequest(given)
  const job = await withPassword<JobSnapshot>(
    context,
    async (password) => {
      const started = await client['wal-receiver.start'](
        { ...request, ...(password !== undefined && { password }) },
        { signal },
      )
      return followJob(context, started.job)
    },
    ({ error }) => error?.code === 'server.auth-failed',
  )
  const status = reportEnd(context, job)
  if (job.result?.kind === 'receive-wal') {
    const { segmentCount, receivedBytes } = job.result
    const received = receivedBytes === 0 ? 'no WAL was' : `${prettySize(receivedBytes)} of WAL were`
    log.info(`${received} received, ${segmentCount} segments were completed`)
  }
  return status === EXIT.cancelled ? EXIT.success : status
}

function readReceiveRequest(given: Given): ReceiveRequest {
  const slot = given.text('slot')
  if (slot === undefined && given.has('create-slot')) {
    throw new EngineError('usage.invalid', 'the slot to make has no name', {
      hint: 'Name it with --slot.',
    })
  }
  const level = given.integer('compress-level')
  return {
    ...given.requireInstance(),
    ...(slot !== undefined && { slot, createSlot: given.has('create-slot') }),
    ...((given.has('compress') || level !== undefined) && { compressLevel: level ?? 1 }),
    ...readConnection(given),
  }
}
