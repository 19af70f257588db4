import { isoFromSeconds } from '../../../engine/base/iso-time.ts'
import type { BackupFate } from '../../../engine/base/retention.ts'
import { formatBytes, formatTime } from '../../lib/format.ts'
import type { Say } from '../../lib/i18n.ts'
import type { LifeTexts } from '../../pictures/life-texts.ts'
import { freedBytes, type judge } from './retention-facts.ts'
import { dayOf, sayReason } from './retention-texts.ts'
import type { useFates } from './use-fates.ts'

type Facts = ReturnType<typeof useFates>

/** Says of a backup what it is, what becomes of it, and why. */
export function backupWords(of: {
  readonly say: Say
  readonly zone: string
  readonly facts: Pick<Facts, 'byId' | 'fateById' | 'allBytes'>
  readonly judgeOf: (fate: BackupFate) => ReturnType<typeof judge>
}): (id: string) => string {
  const { say, zone, facts, judgeOf } = of
  const { byId, fateById, allBytes } = facts
  return (id) => {
    const [fate, record] = [fateById.get(id), byId.get(id)]
    if (fate === undefined) return id
    const { verdict, reason } = judgeOf(fate)
    if (record === undefined)
      return say('retention.future-line', {
        mode: fate.backup.mode,
        time: formatTime(isoFromSeconds(fate.backup.startSeconds), zone),
        bytes: formatBytes(allBytes.get(id)),
        verdict: say(`verdict.${verdict}`),
        reason: sayReason(say, reason, zone),
      })
    return say('retention.line', {
      mode: record.mode,
      id,
      time: formatTime(record.recoveryTime ?? record.startTime, zone),
      status: record.status,
      bytes: formatBytes(freedBytes(record)),
      verdict: say(`verdict.${verdict}`),
      reason: sayReason(say, reason, zone, record.note),
    })
  }
}

/** What the picture of a rehearsal says. */
export function lifeTexts(of: {
  readonly say: Say
  readonly zone: string
  readonly facts: Pick<Facts, 'byId' | 'fateById' | 'fates' | 'chainCount' | 'sumNow' | 'sumThen'>
  /** Of one backup, by its id. */
  readonly words: (id: string) => string
  /** Days from now to the day that is looked at, and how that is written. */
  readonly ahead: number
  readonly date: string
  readonly goesOn: boolean
  readonly windowDays: number
}): LifeTexts {
  const { say, zone, facts, words, ahead, date, goesOn, windowDays } = of
  const { byId, fateById, fates, sumNow, sumThen } = facts
  return {
    title: say('retention.title'),
    summary: say('retention.summary', {
      count: fates.length,
      chains: facts.chainCount,
      kept: sumNow.kept,
      held: sumNow.held,
      goes: sumNow.deleted,
    }),
    legend: goesOn ? `${say('retention.legend')} ${say('retention.legend-future')}` : say('retention.legend'),
    keys: say('retention.keys'),
    lines: say('retention.lines'),
    handle: say('retention.handle'),
    handleValue:
      ahead === 0
        ? say('retention.handle-now')
        : say('retention.handle-value', { date, ahead, goes: sumThen.deleted }),
    now: say('retention.handle-now'),
    asOf: ahead === 0 ? say('retention.handle-now') : `${say('retention.handle')} ${date}`,
    band: say('retention.band', { days: windowDays }),
    bandShort: say('retention.band-short', { days: windowDays }),
    wal: say('retention.wal-row'),
    walNone: say('retention.wal-row'),
    chain: (id) => {
      if (id === undefined) return say('retention.no-full')
      return byId.has(id)
        ? say('retention.chain', { id })
        : say('retention.chain-future', {
            date: dayOf((fateById.get(id)?.backup.startSeconds ?? 0) * 1000, zone).slice(5),
          })
    },
    increments: (count) => say('retention.increments', { count }),
    tick: (ms) => dayOf(ms, zone).slice(5),
    pin: (id) => say('retention.pin-dot', { date: dayOf((fateById.get(id)?.pinEnds ?? 0) * 1000, zone) }),
    pinNote: (id) =>
      say('retention.pin-note', {
        date: dayOf((fateById.get(id)?.pinEnds ?? 0) * 1000, zone),
        count: fates.filter(({ lastHolder, backup }) => lastHolder === id && backup.id !== id).length,
      }),
    line: words,
    draft: (ms) =>
      ms === undefined ? say('retention.pin-remove') : say('pin.drag', { date: dayOf(ms, zone) }),
    draftSpoken: (id, ms) =>
      ms === undefined ? say('retention.pin-remove') : say('pin.draft', { id, date: dayOf(ms, zone) }),
  }
}
