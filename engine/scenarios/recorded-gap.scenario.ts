import { cp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { parseBackupId } from '../base/backup-id.ts'
import { parseInstanceName } from '../base/instance-name.ts'
import { startEngine } from '../testing/engines.ts'
import { unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import type { RestoreRequest } from '../api/contract/restore.ts'

const FIXTURE = 'probackup-pg15-zlib16'
const why = whyNoFixture(FIXTURE)
/** What is missing, on timeline 1, which was left in segment 7; and the last segment of timeline 2. */
const GAP = '000000010000000000000005'
const LAST = '00000002000000000000000E'
const BACKUP = parseBackupId('TOTUFL')

let fixture: Awaited<ReturnType<typeof unpackFixture>> | undefined

beforeAll(async () => {
  if (why === '') fixture = await unpackFixture(FIXTURE)
})
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]()
})

/** The recorded catalog, its WAL as if timeline 2 had branched off in segment 7. */
async function branched({ missing }: { readonly missing: readonly string[] }) {
  const scratch = await scratchDirectory('restore-gap')
  const catalog = path.join(scratch.path, 'catalog')
  await cp(path.join(fixture?.dir ?? '', 'catalog'), catalog, { recursive: true })
  const wal = path.join(catalog, 'wal', 'main')
  await writeFile(path.join(wal, '00000002.history'), '1\t0/7000100\tbefore transaction 800\n')
  for (const name of await readdir(wal)) {
    if (missing.includes(name.slice(0, 24))) await rm(path.join(wal, name))
    else if (name > '000000010000000000000007' && name.startsWith('00000001'))
      await rename(path.join(wal, name), path.join(wal, name.replace(/^00000001/, '00000002')))
  }
  const engine = await startEngine()
  const request: RestoreRequest = {
    catalog,
    instance: parseInstanceName('main'),
    id: BACKUP,
    dataDirectory: path.join(scratch.path, 'restored'),
  }
  return {
    request,
    engine,
    async wal(more: Partial<RestoreRequest>) {
      const { preflight } = await engine.client['restore.plan']({ ...request, ...more })
      return preflight.filter(({ code }) => code === 'wal').map(({ state, sentence }) => [state, sentence])
    },
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]()
      await scratch[Symbol.asyncDispose]()
    },
  }
}

describe.skipIf(why !== '')(`with a gap before the switch to the timeline that is followed${why}`, () => {
  const missing = [GAP, '000000010000000000000006']
  const lost = { code: 'wal-lost', values: expect.objectContaining({ segment: GAP, later: LAST }) }

  test('the latest moment is refused: what comes after the gap would be lost', async () => {
    await using made = await branched({ missing })
    const target = { kind: 'latest' } as const
    expect(await made.wal({ target })).toEqual([['blocked', lost]])
    expect(await made.wal({ target, isForced: true })).toEqual([['warning', lost]])

    const { state, error } = await made.engine.ended(
      made.engine.client['restore.start']({ ...made.request, target }),
    )
    expect(state).toBe('failed')
    expect(error).toMatchObject({ code: 'wal.missing' })
    for (const part of [`${GAP}`, `up to ${LAST}, which would be lost`])
      expect(error?.message).toContain(part)
    await expect(readdir(made.request.dataDirectory)).rejects.toThrow()
    // Whoever follows the old timeline loses nothing of it.
    expect(await made.wal({ target, targetTimeline: '1' })).toMatchObject([['ok', { code: 'wal-reached' }]])
  })

  test('so is a timeline to be followed to its end, without a target', async () => {
    await using made = await branched({ missing })
    const gap = { code: 'wal-gap', values: { segment: GAP, later: LAST } }
    expect(await made.wal({ targetTimeline: 'latest' })).toEqual([['blocked', gap]])
    const { error } = await made.engine.ended(
      made.engine.client['restore.start']({ ...made.request, targetTimeline: 'latest' }),
    )
    expect(error).toMatchObject({ code: 'wal.missing', message: expect.stringContaining(LAST) })
    const { catalog, instance } = made.request
    const job = await made.engine.ended(
      made.engine.client['backups.validate']({
        catalog,
        instance,
        ids: [BACKUP],
        targetTimeline: 'latest',
      }),
    )
    expect(job.result).toMatchObject({ isSound: false, findings: [{ where: GAP }] })
  })

  test('it is told of the end of the archive where nobody asked for more', async () => {
    await using made = await branched({ missing })
    const command = { isValidated: false, restoreCommand: 'cp /elsewhere/%f %p' }
    expect(await made.wal({})).toEqual([])
    expect(await made.wal({ ...command, targetTimeline: 'latest' })).toMatchObject([
      ['warning', { code: 'wal-gap' }],
    ])
  })
})

/** As if there were so much WAL that a preview gives up before it has read the first of it. */
function hurry(): void {
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => AbortSignal.abort())
}

describe.skipIf(why !== '')(`a restore point that the WAL does not have${why}`, () => {
  const target = { kind: 'name', name: 'before_dorp' } as const
  afterEach(() => void vi.restoreAllMocks())

  test.each([
    ['unvalidated', { isValidated: false }],
    ['validated', {}],
  ])('is refused, %s, and what may have been meant is named', async (_, more) => {
    await using made = await branched({ missing: [] })
    hurry()
    const { error } = await made.engine.ended(
      made.engine.client['restore.start']({ ...made.request, ...more, target, targetTimeline: '2' }),
    )
    expect(error).toMatchObject({
      code: 'restore.unreachable',
      message: expect.stringContaining('no restore point "before_dorp"'),
      hint: 'Nothing was written. Did you mean "before_drop"?',
    })
    await expect(readdir(made.request.dataDirectory)).rejects.toThrow()
  })

  test('is not known where WAL comes from elsewhere, or by force: that is said', async () => {
    await using made = await branched({ missing: [] })
    hurry()
    const unknown = [['warning', { code: 'wal-unchecked', values: {} }]]
    expect(await made.wal({ target, isForced: true })).toEqual(unknown)
    expect(await made.wal({ target, isValidated: false, restoreCommand: 'cp /elsewhere/%f %p' })).toEqual(
      unknown,
    )
  })
})
