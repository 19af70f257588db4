import { expect, test } from 'vitest'
import type { WalArchiveRecord } from '../api/contract/wal.ts'
import { parseBackupId } from '../base/backup-id.ts'
import { parseLsn } from '../base/lsn.ts'
import { runCli } from '../testing/cli-world.ts'

const none = { partialCount: 0, temporaryCount: 0, backups: [], lost: [], closestBackupId: undefined }

/** Newest timeline first: one with a gap, one that has nothing but a partial segment, and the first one. */
const ARCHIVE: WalArchiveRecord = {
  directory: '/srv/catalog/wal/main',
  segmentBytes: 16 << 20,
  timelines: [
    {
      ...none,
      timeline: 3,
      parent: { timeline: 1, switchLsn: parseLsn('0/6001000') },
      segments: { begin: '000000030000000000000006', end: '00000003000000000000000C' },
      segmentCount: 4,
      sizeBytes: 33_554_433,
      lost: [
        { begin: '000000030000000000000008', end: '000000030000000000000009' },
        { begin: '00000003000000000000000B', end: '00000003000000000000000B' },
      ],
      closestBackupId: parseBackupId('TOTTEK'),
    },
    { ...none, timeline: 2, parent: undefined, segments: undefined, segmentCount: 0, sizeBytes: 0 },
    {
      ...none,
      timeline: 1,
      parent: undefined,
      segments: { begin: '000000010000000000000001', end: '000000010000000000000001' },
      segmentCount: 1,
      sizeBytes: 16 << 20,
    },
  ],
  problems: [{ name: 'notes.txt', message: 'is no file of a WAL archive' }],
}

const handlers = {
  'catalog.instances': async () => ['main'],
  'wal.archive': async () => ARCHIVE,
  'backups.tablespaces': async () => ({}),
}
const SHOW = ['show', '--archive', '-B', '/srv/catalog']

// The widths and the JSON are those of pg_probackup 2.5.16.
test('an archive is listed newest timeline first, without timelines that have no segment', async () => {
  const { status, out, err } = await runCli(SHOW, { handlers })
  expect(out).toBe(`
ARCHIVE INSTANCE 'main'
=================================================================================================================================
 TLI  Parent TLI  Switchpoint  Min Segno                 Max Segno                 N segments  Size  Zratio  N backups  Status   
=================================================================================================================================
 3    1           0/6001000    000000030000000000000006  00000003000000000000000C  4           32MB  2.00    0          DEGRADED 
 1    0           0/0          000000010000000000000001  000000010000000000000001  1           16MB  1.00    0          OK       
`)
  expect(status).toBe(0)
  expect(err).toContain('notes.txt of main is no file of a WAL archive')
})

test('gaps, the closest backup and empty lists stand in the JSON as the reference tool writes them', async () => {
  const { out } = await runCli([...SHOW, '--format=json', '--instance=main'], { handlers })
  expect(out).toContain(`
                "zratio": 2.00,
                "closest-backup-id": "TOTTEK",
                "status": "DEGRADED",
                "lost-segments": [
                    {
                        "begin-segno": "000000030000000000000008",
                        "end-segno": "000000030000000000000009"
                    },
                    {
                        "begin-segno": "00000003000000000000000B",
                        "end-segno": "00000003000000000000000B"
                    }
                ],
                "backups": []
`)
  expect(out).toContain('"lost-segments": [],\n')
})

test('a backup and the archive are not asked for at once', async () => {
  const { status, err } = await runCli([...SHOW, '--instance=main', '-i', 'TOTTEK'], { handlers })
  expect({ status, err }).toMatchObject({ status: 1, err: expect.stringContaining('--archive exclude') })
})
