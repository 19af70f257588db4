import type { SlotDropOutcome } from '../../../engine/api/contract/slots.ts'

/** What became of a slot that was to be dropped, as a sentence; `isDone` = it is not there any more. */
export function dropOutcome(told: SlotDropOutcome) {
  const { name } = told
  switch (told.outcome) {
    case 'dropped':
      return { isDone: true, key: 'wal.drop-dropped', values: { name } } as const
    case 'gone':
      return { isDone: true, key: 'wal.drop-gone', values: { name } } as const
    case 'in-use': {
      const { client, pid } = told
      if (pid === undefined) return { isDone: false, key: 'wal.drop-in-use', values: { name } } as const
      return client === undefined
        ? ({ isDone: false, key: 'wal.drop-in-use-pid', values: { name, pid } } as const)
        : ({ isDone: false, key: 'wal.drop-in-use-client', values: { name, client, pid } } as const)
    }
    case 'failed':
      return { isDone: false, key: 'wal.drop-failed', values: { name, reason: told.reason } } as const
  }
}
