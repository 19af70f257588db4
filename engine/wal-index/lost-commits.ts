import { type Lsn, lsnFromBigint } from '../base/lsn.ts'
import type { LostRest } from '../catalog/recovery-request.ts'
import type { ReadTarget } from '../catalog/recovery-target.ts'
import { ownerOf } from '../catalog/recovery-timelines.ts'
import type { WalIndexReader } from './queries.ts'
import { indexTime } from './recovery-facts.ts'

/** How many commits are not replayed when recovery stops at a target, if the index has all WAL from there on. */
export function countLostCommits(reader: WalIndexReader, target: ReadTarget, rest: LostRest): number {
  return reader.countOn(rest.path, firstLost(reader, target, rest), rest.end)
}

function firstLost(reader: WalIndexReader, target: ReadTarget, rest: LostRest): Lsn {
  const after = lsnFromBigint(rest.lsn + 1n)
  switch (target.kind) {
    case 'time':
      return firstLater(reader, target, rest)
    case 'xid':
    case 'lsn':
      return target.isInclusive ? after : rest.lsn
    case 'name':
      return after
    case 'immediate':
    case 'latest':
      return rest.lsn
  }
}

/** Where the first transaction ends that is too late, be it a commit or an abort. */
function firstLater(
  reader: WalIndexReader,
  { micros, isInclusive }: Extract<ReadTarget, { kind: 'time' }>,
  { path, low, lsn }: LostRest,
): Lsn {
  const time = indexTime(micros)
  for (const end of reader.commits({ fromLsn: low, toLsn: lsn, withAborts: true }))
    if (ownerOf(path, end.lsn) === end.timeline && (isInclusive ? end.time > time : end.time >= time))
      return end.lsn
  return lsn
}
