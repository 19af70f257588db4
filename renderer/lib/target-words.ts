import type { RecoveryTargetInput } from '../../engine/api/contract/restore.ts'
import type { IsoTime } from '../../engine/base/iso-time.ts'
import { formatTime } from './format.ts'
import type { Say } from './i18n.ts'

/** `just before xid 751`: a target in a few words, with the side of it on which recovery stops. */
export function targetWords(
  say: Say,
  target: RecoveryTargetInput,
  isInclusive: boolean,
  zone: string,
): string {
  switch (target.kind) {
    case 'latest':
      return say('target.latest')
    case 'immediate':
      return say('target.immediate')
    case 'name':
      return say('target.name', { name: target.name })
    default: {
      const what =
        target.kind === 'xid'
          ? `xid ${target.xid}`
          : target.kind === 'lsn'
            ? `LSN ${target.lsn}`
            : timeText(target.at, zone)
      return isInclusive ? what : say('target.before', { what })
    }
  }
}

/** The window asks in ISO; what somebody wrote on the command line stays as it was written. */
function timeText(at: string, zone: string): string {
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(at) ? formatTime(at as IsoTime, zone) : at
}
