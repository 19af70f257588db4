import { cp } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseBackupId } from '../base/backup-id.ts'
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { parseInstanceName } from '../base/instance-name.ts'
import { logTo } from '../base/log.ts'
import { unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import type { RestoreRequest } from './contract/restore.ts'
import { makeRestorePlan, restoreAsPlanned } from './restore-job.ts'

const FIXTURE = 'probackup-pg15-plain1'
const missing = whyNoFixture(FIXTURE)

// The first reads WAL again after validation, the second goes by what the plan has read.
test.skipIf(missing !== '').each([true, false])(
  `the log tells target, where recovery stops, and the bytes to be written (validated: %s)${missing}`,
  async (isValidated) => {
    await using fixture = await unpackFixture(FIXTURE)
    await using scratch = await scratchDirectory('target-log')
    const signal = new AbortController().signal
    // Reading takes locks: what all tests share stays as it is.
    const catalog = path.join(scratch.path, 'catalog')
    const isOther = (file: string) => /backups\/main\/TOT/.test(file) && !file.includes('TOTUH3')
    await cp(path.join(fixture.dir, 'catalog'), catalog, {
      recursive: true,
      filter: (file) => !isOther(file),
    })
    const bare: RestoreRequest = {
      catalog,
      instance: parseInstanceName('main'),
      id: parseBackupId('TOTUH3'),
      dataDirectory: path.join(scratch.path, 'data'),
      target: { kind: 'name', name: 'before_drop' },
      skipsExternal: true,
      isValidated,
      isSynced: false,
    }
    const { tablespaces } = await makeRestorePlan(bare, Date.now(), signal)
    const request = {
      ...bare,
      tablespaceMapping: tablespaces.map(({ from }) => ({ from, to: path.join(scratch.path, 'ts') })),
    }
    const plan = await makeRestorePlan(request, Date.now(), signal)
    const told: string[] = []
    const log = logTo(({ message }) => told.push(message))
    await restoreAsPlanned(request, plan, { signal, log, clock: SYSTEM_CLOCK, report: () => undefined })

    expect(told).toContainEqual(
      expect.stringMatching(
        /^recovery target: restore point "before_drop"; recovery stops after 2026-11-21 00:53:30\.\d{6}\+00, (xid \d+, )?LSN 0\/[0-9A-F]+ on timeline 1$/,
      ),
    )
    expect(told).toContainEqual(expect.stringMatching(/; \d+ files, \d+ bytes to write$/))
  },
)
