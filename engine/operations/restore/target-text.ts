import type { PreflightLine } from './preflight.ts'
import type { RestoreInput } from './restore-facts.ts'

/**
 * What the log says of a target: `recovery target: xid 741, exclusive; recovery stops after 2026-11-21 00:41:07.123456+00, xid 740,
 * LSN 0/9000060 on timeline 1`. Without the second part where the stop is not known. Pure.
 *
 * @param wal the line of the pre-flight about the target
 */
export function targetText(
  { target, isInclusive }: Pick<RestoreInput, 'target' | 'isInclusive'>,
  wal: Pick<PreflightLine, 'sentence'> | undefined,
): string | undefined {
  if (target === undefined) return undefined
  const hasSides = target.kind === 'time' || target.kind === 'xid' || target.kind === 'lsn'
  const side = hasSides && isInclusive === false ? ', exclusive' : ''
  return `recovery target: ${wordsOf(target)}${side}${stopText(wal)}`
}

function wordsOf(target: NonNullable<RestoreInput['target']>): string {
  switch (target.kind) {
    case 'immediate':
      return 'the end of the backup'
    case 'latest':
      return 'the end of the WAL'
    case 'time':
      return target.at
    case 'xid':
      return `xid ${target.xid}`
    case 'lsn':
      return `LSN ${target.lsn}`
    case 'name':
      return `restore point "${target.name}"`
  }
}

function stopText(wal: Pick<PreflightLine, 'sentence'> | undefined): string {
  if (wal?.sentence.code !== 'wal-reached') return ''
  const { time = '', xid = '', lsn = '', timeline = '' } = wal.sentence.values
  const transaction = xid === '' ? [] : [`xid ${xid}`]
  const parts = [...(time === '' ? [] : [time]), ...transaction, `LSN ${lsn} on timeline ${timeline}`]
  return `; recovery stops after ${parts.join(', ')}`
}
