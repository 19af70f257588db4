import type { RecoveryTargetInput } from '../api/contract/restore.ts'
import { EngineError } from '../base/engine-error.ts'
import type { Given } from './given.ts'

/** Where recovery is to stop, as the options say it. What was not given is left out. */
export type GivenTarget = {
  readonly target?: RecoveryTargetInput
  readonly isInclusive?: boolean
  readonly targetTimeline?: string
}

/** @throws {EngineError} `usage.invalid` for more than one target, and for what has no meaning without one. */
export function readGivenTarget(given: Given): GivenTarget {
  const target = readTarget(given)
  const isInclusive = given.boolean('recovery-target-inclusive')
  if (isInclusive !== undefined && !['time', 'xid', 'lsn'].includes(target?.kind ?? '')) {
    throw new EngineError('usage.invalid', '--recovery-target-inclusive needs a time, an xid or an LSN', {
      hint: 'Give --recovery-target-time, --recovery-target-xid or --recovery-target-lsn as well.',
    })
  }
  const targetTimeline = given.text('recovery-target-timeline')
  return {
    ...(target !== undefined && { target }),
    ...(isInclusive !== undefined && { isInclusive }),
    ...(targetTimeline !== undefined && { targetTimeline }),
  }
}

function readTarget(given: Given): RecoveryTargetInput | undefined {
  given.refuseTogether(
    'recovery-target-time',
    'recovery-target-xid',
    'recovery-target-lsn',
    'recovery-target-name',
    'recovery-target',
    'immediate',
  )
  const time = given.moment('recovery-target-time')
  const xid = given.text('recovery-target-xid')
  const lsn = given.text('recovery-target-lsn')
  const name = given.text('recovery-target-name')
  const kind = given.has('immediate') ? 'immediate' : given.choice('recovery-target')
  if (time !== undefined) return { kind: 'time', at: time.text }
  if (xid !== undefined) return { kind: 'xid', xid }
  if (lsn !== undefined) return { kind: 'lsn', lsn }
  if (name !== undefined) return { kind: 'name', name }
  return kind === 'immediate' || kind === 'latest' ? { kind } : undefined
}
