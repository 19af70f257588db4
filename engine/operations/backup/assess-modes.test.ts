import { describe, expect, test } from 'vitest'
import { parseBackupId } from '../../base/backup-id.ts'
import { EngineError } from '../../base/engine-error.ts'
import { SILENT_LOG } from '../../base/log.ts'
import { parseLsn } from '../../base/lsn.ts'
import { modeReason } from '../../base/mode-reasons.ts'
import type { Run } from '../../base/run.ts'
import type { Backup } from '../../catalog/backup.ts'
import type { BackupControl } from '../../format/backup-control.ts'
import type { Row } from '../../server/connection.ts'
import { type AssessedServer, assessModes, type ModeAssessment } from './assess-modes.ts'
import { chooseAutomatically, describeChoice } from './choose-mode.ts'
import { basisOf, describeBasis } from './basis.ts'

type Modes = ModeAssessment['modes']

const impossible = (text: string) => {
  const reasons = [modeReason('ptrack-unasked', { message: text }, text)]
  return { isPossible: false, reasons, advice: undefined } as const
}
const GIGABYTE = 1 << 30
const archived: Modes['PAGE'] = { isPossible: true, walBytes: GIGABYTE, pendingSegments: 0 }
const modes = (changes: Partial<Modes>): Modes => ({
  FULL: { isPossible: true },
  DELTA: { isPossible: true },
  PAGE: archived,
  PTRACK: impossible('nobody tracks'),
  ...changes,
})
const chosen = (changes: Partial<Modes>, { clusterBytes = 100 * GIGABYTE, isInRecovery = false } = {}) =>
  chooseAutomatically(modes(changes), clusterBytes, isInRecovery)

describe('AUTO', () => {
  test('is PTRACK whenever changes are tracked', () => {
    const tracking = { source: 'wal-summaries' } as const
    const summarized = chosen({ PTRACK: { isPossible: true, tracking, changedBlocks: undefined } })
    expect(summarized).toMatchObject({
      mode: 'PTRACK',
      reasons: [{ code: 'summaries-cover' }],
      passedOver: [],
    })
    expect(describeChoice(summarized)).toBe('the server has summarized its WAL since the parent backup')
    const extension = { schema: 'public', version: '2.4' }
    expect(
      chosen({
        PTRACK: { isPossible: true, tracking: { source: 'ptrack', extension }, changedBlocks: undefined },
      }).reasons,
    ).toMatchObject([{ code: 'ptrack-covers', values: { version: '2.4' } }])
  })

  test('is PAGE when archived WAL is at most a quarter of the cluster', () => {
    const small = chosen({}, { clusterBytes: 4 * GIGABYTE })
    expect(small).toMatchObject({
      mode: 'PAGE',
      reasons: [{ code: 'wal-small', values: { walBytes: GIGABYTE, clusterBytes: 4 * GIGABYTE } }],
    })
    expect(describeChoice(small)).toBe(
      'the WAL since the parent (1073741824 bytes) is archived and at most a quarter of the cluster (4294967296 bytes); no PTRACK, since nobody tracks',
    )
    expect(chosen({}, { clusterBytes: 4 * GIGABYTE - 1 })).toMatchObject({
      mode: 'DELTA',
      reasons: [],
      passedOver: [{ mode: 'PTRACK' }, { mode: 'PAGE', reasons: [{ code: 'wal-large' }] }],
    })
  })

  test('is PAGE while one segment is on its way to the archive, and not while two are', () => {
    const lagging = (pendingSegments: number) =>
      chosen({ PAGE: { isPossible: true, walBytes: 1, pendingSegments } }).mode
    expect(lagging(1)).toBe('PAGE')
    expect(lagging(2)).toBe('DELTA')
  })

  test('is DELTA on a standby, and where the archive has a gap, and says both reasons', () => {
    expect(chosen({}, { isInRecovery: true }).mode).toBe('DELTA')
    const choice = chosen({ PAGE: impossible('a segment is missing') })
    expect({ mode: choice.mode, reason: describeChoice(choice) }).toEqual({
      mode: 'DELTA',
      reason: 'no PTRACK, since nobody tracks; no PAGE, since a segment is missing',
    })
  })
})

type Answers = Readonly<Record<string, readonly Row[] | EngineError>>

/** A server on timeline 1 that answers what has that text in it. The first answer that fits counts. */
function server(answers: Answers): AssessedServer {
  const query = async (sql: string): Promise<{ rows: readonly Row[] }> => {
    const answer = Object.entries(answers).find(([text]) => sql.includes(text))?.[1]
    if (answer instanceof EngineError) throw answer
    return { rows: answer ?? [] }
  }
  return {
    session: { query, database: 'shop' },
    facts: { major: 17, timeline: 1, archiveMode: 'off', isInRecovery: false, walSegmentBytes: 1 << 24 },
    connection: { env: {} },
    archiveDirectory: '/nowhere',
    newestProgramVersion: '2.5.99',
  } as unknown as AssessedServer
}

const PARENT: Backup = {
  id: parseBackupId('TA0001'),
  instance: 'main',
  directory: '/TA0001',
  problem: undefined,
  control: {
    mode: 'FULL',
    status: 'OK',
    timeline: 1,
    startLsn: parseLsn('0/5000028'),
    stopLsn: parseLsn('0/5000100'),
    pgdataBytes: 1000,
  } as BackupControl,
}

const NOW = { pg_current_wal_lsn: [{ lsn: '0/7000000' }] }
const SUMMARIZED = {
  "'summarize_wal'": [{ is_on: 'on' }],
  summarizer_state: [{ tli: '1', lsn: '0/6000000' }],
  is_limit_block: [{ blocks: '7' }],
  pg_available_wal_summaries: [{ tli: '1', start_lsn: '0/5000028', end_lsn: '0/6000000' }],
}
const WITH_PTRACK = {
  pg_extension: [{ schema: 'public' }],
  ptrack_version: [{ version: '2.4' }],
  current_setting: [{ size: '64', is_on: 'off' }],
  'init_lsn()': [{ lsn: '0/1' }],
  pagemapset: [{ path: 'base/5/1259', pagemap: Buffer.from([0b1011]) }],
}

const assess = async (answers: Answers, backups: readonly Backup[] = [PARENT], countChanges = false) =>
  await assessModes(
    { backups },
    server(answers),
    { signal: new AbortController().signal, log: SILENT_LOG } as unknown as Run,
    { countChanges },
  )

describe('of the modes', () => {
  test('only FULL is possible without a parent, and how big it is comes from the server', async () => {
    const found = await assess({ pg_database_size: [{ bytes: '4711' }] }, [])
    expect(found).toMatchObject({ against: undefined, clusterBytes: 4711, auto: { mode: 'FULL' } })
    expect(found.modes.DELTA).toMatchObject({ isPossible: false })
    expect(() => basisOf('PTRACK', found, 1)).toThrow(
      expect.objectContaining({ code: 'plan.refused', hint: 'Possible now: FULL.' }),
    )
  })

  test('only FULL is possible when the server was set back behind its parent', async () => {
    const found = await assess({ pg_current_wal_lsn: [{ lsn: '0/4000000' }], ...SUMMARIZED })
    expect(found).toMatchObject({ auto: { mode: 'FULL' }, modes: { DELTA: { isPossible: false } } })
  })

  test('only FULL is possible on a chain that a newer release has written to', async () => {
    const { control } = PARENT
    if (control === undefined) throw new Error('the parent of the test has a control file')
    const newer = { ...PARENT, control: { ...control, programVersion: '2.6.0' } }
    const child: Backup = {
      ...PARENT,
      id: parseBackupId('TB0001'),
      control: { ...control, mode: 'DELTA', parentId: PARENT.id, programVersion: '2.5.0' },
    }
    const found = await assess({ ...NOW, ...SUMMARIZED }, [child, newer])
    expect(found).toMatchObject({ against: undefined, auto: { mode: 'FULL' } })
    expect(() => basisOf('DELTA', found, 1)).toThrow(
      expect.objectContaining({
        code: 'catalog.newer-version',
        message: expect.stringContaining('backup TA0001 was written by version 2.6.0'),
        hint: 'Possible now: FULL.',
      }),
    )
  })

  test('PTRACK takes WAL summaries rather than the extension, and counts when asked', async () => {
    const both = await assess({ ...NOW, ...SUMMARIZED, ...WITH_PTRACK }, [PARENT], true)
    expect(both.modes.PTRACK).toEqual({
      isPossible: true,
      tracking: { source: 'wal-summaries' },
      changedBlocks: 7,
    })
    expect(describeBasis(basisOf('PTRACK', both, 1))).toBe('PTRACK against TA0001 by WAL summaries')
    const one = await assess({ ...NOW, ...WITH_PTRACK }, [PARENT], true)
    expect(one.modes.PTRACK).toMatchObject({ tracking: { source: 'ptrack' }, changedBlocks: 3 })
    expect(describeBasis(basisOf('PTRACK', one, 1))).toBe('PTRACK against TA0001 by ptrack 2.4')
    expect((await assess({ ...NOW, ...WITH_PTRACK })).modes.PTRACK).toMatchObject({
      changedBlocks: undefined,
    })
  })

  test('a count that takes too long is not known', async () => {
    const slow = new EngineError('run.timeout', 'too long')
    const found = await assess({ ...NOW, ...SUMMARIZED, is_limit_block: slow }, [PARENT], true)
    expect(found.modes.PTRACK).toMatchObject({ isPossible: true, changedBlocks: undefined })
  })

  test('DELTA is possible where the role may not ask what is tracked, and the reason says so', async () => {
    const denied = new EngineError('server.denied', 'permission denied', { hint: 'Grant it.' })
    const found = await assess({ ...NOW, "'summarize_wal'": denied, pg_extension: denied })
    expect(found).toMatchObject({ against: { parent: { id: 'TA0001' } }, clusterBytes: 1000 })
    expect(found.auto).toMatchObject({ mode: 'DELTA' })
    expect(describeChoice(found.auto)).toContain(
      'no PTRACK, since the WAL summaries cannot be asked for (permission denied), and ptrack cannot be asked for',
    )
    expect(() => basisOf('PTRACK', found, 1)).toThrow(
      expect.objectContaining({ hint: 'Possible now: DELTA, FULL. Grant it.' }),
    )
  })
})
