import { describe, expect, test } from 'vitest'
import { recordedRetention, whyNoRecordedRetention } from '../testing/recorded-retention.ts'
import { backupFates, isExpired, verdictAt } from './retention.ts'
import { reportDays } from './retention-reasons.ts'

describe.skipIf(whyNoRecordedRetention() !== '')(
  `what the reference tool said${whyNoRecordedRetention()}`,
  () => {
    const recorded = recordedRetention()

    test('was recorded for a hundred catalogs under four policies each', () => {
      expect(recorded).toHaveLength(100)
      expect(recorded.flatMap(({ cases }) => cases)).toHaveLength(400)
    })

    test.each(recorded)('of catalog $name is said here word by word', ({ cases, retained, nowSeconds }) => {
      for (const { redundancy, window, marked, report, remainingAfterDelete } of cases) {
        const policy = { redundancy, windowDays: window }
        const fates = backupFates(retained, policy, { kind: 'probackup' })
        const lines = fates.map((fate) => {
          const { id, mode, status } = fate.backup
          const { ageDays, keptDays } = reportDays(fate, policy, nowSeconds)
          const action = isExpired(fate, nowSeconds) ? 'Expired' : 'Active'
          return `INFO: Backup ${id}, mode: ${mode}, status: ${status}. Redundancy: ${fate.fullNumber}/${redundancy}, Time Window: ${ageDays}d/${keptDays}d. ${action}`
        })
        expect(lines).toEqual(report)
        const expired = fates.filter((fate) => isExpired(fate, nowSeconds))
        expect(expired.map(({ backup }) => backup.id).toSorted()).toEqual(marked.toSorted())
        if (remainingAfterDelete === null) continue
        const left = fates.filter((fate) => verdictAt(fate, nowSeconds) !== 'will-go')
        expect(left.map(({ backup }) => backup.id).toSorted()).toEqual(remainingAfterDelete.toSorted())
      }
    })
  },
)
