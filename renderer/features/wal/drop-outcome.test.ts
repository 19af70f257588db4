import { expect, test } from 'vitest'
import { dropOutcome } from './drop-outcome.ts'

test.each([
  [{ name: 'feed', outcome: 'dropped' }, true, 'wal.drop-dropped', { name: 'feed' }],
  [{ name: 'feed', outcome: 'gone' }, true, 'wal.drop-gone', { name: 'feed' }],
  [
    { name: 'feed', outcome: 'in-use', pid: undefined, client: undefined },
    false,
    'wal.drop-in-use',
    { name: 'feed' },
  ],
  [
    { name: 'feed', outcome: 'in-use', pid: 7, client: undefined },
    false,
    'wal.drop-in-use-pid',
    { name: 'feed', pid: 7 },
  ],
  [
    { name: 'feed', outcome: 'in-use', pid: 7, client: 'reports' },
    false,
    'wal.drop-in-use-client',
    { name: 'feed', pid: 7, client: 'reports' },
  ],
  [
    { name: 'feed', outcome: 'failed', reason: 'no' },
    false,
    'wal.drop-failed',
    { name: 'feed', reason: 'no' },
  ],
] as const)('%j says what is known of it', (told, isDone, key, values) => {
  expect(dropOutcome(told)).toEqual({ isDone, key, values })
})
