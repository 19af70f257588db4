import { cpSync, existsSync } from 'node:fs'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { NEWEST_PROGRAM_VERSION, WRITTEN_PROGRAM_VERSION } from '../api/version.ts'
import { parseBackupId } from '../base/backup-id.ts'
import { SYSTEM_CLOCK } from '../base/clock.ts'
import { SILENT_LOG } from '../base/log.ts'
import type { Run } from '../base/run.ts'
import { changeStatus } from '../catalog/backup.ts'
import { readInventory } from '../catalog/inventory.ts'
import { lockExclusive, lockOwner } from '../catalog/lock.ts'
import { requireMergePlan } from '../operations/merge/plan.ts'
import { mergeBackups } from '../operations/merge/run.ts'
import type { RestoreInput } from '../operations/restore/restore-facts.ts'
import { restoreBackup } from '../operations/restore/run.ts'
import { unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { scratchDirectory } from '../testing/scratch.ts'

const FIXTURE = 'probackup-pg15-plain1'
const missing = whyNoFixture(FIXTURE)
/** A FULL, and on it a DELTA and a PAGE. */
const [FULL, DELTA, PAGE] = ['TOTUGH', 'TOTUGR', 'TOTUH1'].map(parseBackupId) as [
  ReturnType<typeof parseBackupId>,
  ReturnType<typeof parseBackupId>,
  ReturnType<typeof parseBackupId>,
]

test.skipIf(missing !== '').each([
  ['the increment that the merge ends with', DELTA],
  ['an increment after it', PAGE],
])(
  `a restore of %s that was planned before a merge and gets its locks after it is refused${missing}`,
  async (_, id) => {
    const { catalog, dataDirectory, directoryOf, run } = await freshCatalog()
    const inventory = await readInventory(catalog, 'main', run)
    const request = { id: DELTA, newestProgramVersion: NEWEST_PROGRAM_VERSION }
    const { hash } = requireMergePlan(inventory, request)

    // The merge has locked the FULL and waits for the increment, so nothing has changed yet.
    const held = await lockExclusive(directoryOf(DELTA), run)
    const merging = mergeBackups(
      {
        catalog,
        instance: 'main',
        request,
        hash,
        threads: 1,
        isValidated: false,
        isSynced: false,
        programVersion: WRITTEN_PROGRAM_VERSION,
      },
      run,
    )
    await expect.poll(() => lockOwner(directoryOf(FULL))).toBe('alive')

    const watched = watchedSignal()
    const restoring = restoreBackup(restoreInput(catalog, id, dataDirectory), undefined, {
      ...run,
      signal: watched.signal,
    })
    restoring.catch(() => undefined)
    await Promise.race([watched.waits, restoring])
    await held[Symbol.asyncDispose]()

    expect(await merging).toMatchObject({ backupId: DELTA })
    await expect(restoring).rejects.toMatchObject({ code: 'plan.stale', hint: expect.any(String) })
    expect(existsSync(dataDirectory)).toBe(false)
  },
)

test.skipIf(missing !== '')(
  `a restore is refused when a backup of its chain has changed until it gets its locks${missing}`,
  async () => {
    const { catalog, dataDirectory, directoryOf, run } = await freshCatalog()
    const held = await lockExclusive(directoryOf(FULL), run)
    const watched = watchedSignal()
    const restoring = restoreBackup(restoreInput(catalog, DELTA, dataDirectory), undefined, {
      ...run,
      signal: watched.signal,
    })
    restoring.catch(() => undefined)
    await Promise.race([watched.waits, restoring])
    await changeStatus(directoryOf(FULL), 'DONE')
    await held[Symbol.asyncDispose]()

    await expect(restoring).rejects.toMatchObject({ code: 'plan.stale', hint: expect.any(String) })
    expect(existsSync(dataDirectory)).toBe(false)
  },
)

test.skipIf(missing !== '')(
  `a restore that waits for a lock and finds the catalog as it was goes on${missing}`,
  async () => {
    const { catalog, dataDirectory, directoryOf, run } = await freshCatalog()
    const held = await lockExclusive(directoryOf(FULL), run)
    const watched = watchedSignal()
    const restoring = restoreBackup(restoreInput(catalog, DELTA, dataDirectory), undefined, {
      ...run,
      signal: watched.signal,
    })
    await Promise.race([watched.waits, restoring])
    await held[Symbol.asyncDispose]()

    expect(await restoring).toMatchObject({ backupId: DELTA, dataDirectory })
    expect(existsSync(path.join(dataDirectory, 'global', 'pg_control'))).toBe(true)
  },
)

async function freshCatalog() {
  const fixture = await unpackFixture(FIXTURE)
  onTestFinished(() => fixture[Symbol.asyncDispose]())
  const scratch = await scratchDirectory('restore-races-merge')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  const catalog = path.join(scratch.path, 'catalog')
  cpSync(path.join(fixture.dir, 'catalog'), catalog, { recursive: true, preserveTimestamps: true })
  const run: Run = {
    signal: new AbortController().signal,
    report: () => undefined,
    log: SILENT_LOG,
    clock: SYSTEM_CLOCK,
  }
  const place = path.join(scratch.path, 'restored')
  return {
    catalog,
    dataDirectory: path.join(place, 'data'),
    directoryOf: (id: string) => path.join(catalog, 'backups', 'main', id),
    run,
  }
}

/** A signal that tells when somebody begins to wait under it: a restore only looks at it until it waits for its locks. */
function watchedSignal() {
  const { signal } = new AbortController()
  const waits = Promise.withResolvers<void>()
  const listen = signal.addEventListener.bind(signal)
  signal.addEventListener = (...listening: Parameters<typeof listen>) => {
    waits.resolve()
    listen(...listening)
  }
  return { signal, waits: waits.promise }
}

function restoreInput(catalog: string, id: RestoreInput['id'], dataDirectory: string): RestoreInput {
  return {
    catalog,
    instance: 'main',
    id,
    dataDirectory,
    target: { kind: 'immediate' },
    isInclusive: undefined,
    targetTimeline: undefined,
    targetAction: undefined,
    restoreCommand: undefined,
    copiesWal: false,
    walThrough: undefined,
    tablespaceMapping: [
      { from: '/srv/fixture/plain1/ts1', to: path.join(path.dirname(dataDirectory), 'ts1') },
    ],
    externalMapping: [],
    skipsExternal: true,
    incrementalMode: 'none',
    databases: undefined,
    movesAside: false,
    destroysOtherDatabases: false,
    walDirectory: undefined,
    threads: 1,
    isValidated: false,
    isSynced: false,
    isForced: false,
    isReplica: false,
    primaryConninfo: undefined,
    primarySlotName: undefined,
  }
}
