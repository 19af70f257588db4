import path from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { parseInstanceName } from '../base/instance-name.ts'
import { findEmbeddedPrograms } from '../host/embedded-postgres.ts'
import { unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { UNWATCHED } from '../testing/made-archive.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { serverDirectory } from '../testing/servers.ts'
import { openDrillBook } from './drill-book.ts'
import { makeRestorePlan } from './restore-job.ts'
import { prepareScratch } from './scratch-run.ts'

const FIXTURE = 'probackup-pg15-zlib16'
/** What a backup left in the WAL, before the end of it: only the one before it leads there. */
const NAME = 'pg_probackup, backup_id TOTUG8'

const whyNoRecording = whyNoFixture(FIXTURE)
const why =
  whyNoRecording === '' && process.platform !== 'linux' ? ': PostgreSQL 15 is on Linux' : whyNoRecording

afterEach(() => void vi.restoreAllMocks())

/** As if there were so much WAL that a preview gives up before it has read the first of it. */
function hurry(): void {
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => AbortSignal.abort())
}

test.skipIf(why !== '')(
  `a drill takes the backup that leads to the target, however much WAL there is to read${why}`,
  async () => {
    await using fixture = await unpackFixture(FIXTURE)
    await using scratch = await scratchDirectory('scratch-plan')
    using book = openDrillBook(undefined)
    const ref = { catalog: path.join(fixture.dir, 'catalog'), instance: parseInstanceName('main') }
    const target = { kind: 'name', name: NAME } as const
    hurry()

    const preview = await makeRestorePlan(
      { ...ref, target, dataDirectory: path.join(scratch.path, 'data') },
      0,
      UNWATCHED.signal,
    )
    await using prepared = await prepareScratch(
      { env: {}, clock: SYSTEM_CLOCK, book },
      {
        ...ref,
        target,
        scratchDirectory: serverDirectory(path.join(scratch.path, 'drills')),
        programs: findEmbeddedPrograms(15),
      },
      'one',
      UNWATCHED,
    )

    expect([prepared.plan.backup.id, prepared.request.id]).toEqual(['TOTUG6', 'TOTUG6'])
    expect(prepared.plan.preflight).toContainEqual(
      expect.objectContaining({ code: 'wal', sentence: expect.objectContaining({ code: 'wal-reached' }) }),
    )
    // What the preview takes is a guess, and the command that it shows names no backup.
    expect(preview.backup.id).toBe('TOTUG8')
    expect(preview.command).not.toContain(' -i ')
  },
)
