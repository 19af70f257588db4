import path from 'node:path'
import { expect, test } from 'vitest'
import { EngineError } from '../base/engine-error.ts'
import { startEngine, type TestEngine } from '../testing/engines.ts'
import { checkIndexes, type Dice, diceOf, fingerprintOf, liveOn, makeWorld } from '../testing/random-world.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import {
  serverDirectory,
  serverMajors,
  startRestored,
  startServer,
  type TestServer,
} from '../testing/servers.ts'

/** `TIDEMARK_CHAINS=200 TIDEMARK_SEED=1` runs the chains with the seeds 1 to 200; a failure names its seed. */
const COUNT = Number(process.env['TIDEMARK_CHAINS'] ?? 2)
const FIRST_SEED = Number(process.env['TIDEMARK_SEED'] ?? 1)

type Ref = { readonly catalog: string; readonly instance: string }
type Moment = { readonly id: string; readonly data: string; readonly story: string }

test.each(Array.from({ length: COUNT }, (_, index) => FIRST_SEED + index))(
  'whatever happens to a cluster, each backup of its chains restores its moment (seed %i)',
  async (seed) => {
    const dice = diceOf(seed)
    const major = dice.pick(serverMajors())
    await using scratch = await scratchDirectory('random')
    await using server = await startServer(scratch.path, {
      major,
      settings: { ...(major >= 17 && { summarize_wal: 'on' }), fsync: 'off' },
    })
    await using engine = await startEngine()
    const ref = await engine.register(path.join(scratch.path, 'catalog'), server)
    await makeWorld(server)
    const story: string[] = [`PostgreSQL ${major}`]
    const moments: Moment[] = []
    for (let round = 0, rounds = 3 + dice.roll(3); round < rounds; round++) {
      if (round > 0) story.push(...(await liveOn(server, dice)))
      // A crash gives the server another port.
      await engine.client['instances.change-config']({ ...ref, values: { pgport: String(server.port) } })
      const mode = round === 0 ? 'FULL' : dice.pick(['DELTA', 'DELTA', 'PTRACK', 'AUTO', 'FULL'] as const)
      const { id, taken } = await backUp(engine, ref, mode, dice)
      story.push(`-- ${taken} ${id}`)
      moments.push({ id, data: await fingerprintOf(server), story: story.join('; ') })
    }
    const moment = dice.pick(moments)
    await using restored = await restore(engine, ref, moment.id, scratch.path, server)
    expect(await fingerprintOf(restored), `seed ${seed}: ${moment.story}`).toBe(moment.data)
    await checkIndexes(restored)
  },
)

/** A backup of that mode, or of the one that is possible where the server does not track. */
async function backUp(engine: TestEngine, ref: Ref, mode: 'FULL' | 'DELTA' | 'PTRACK' | 'AUTO', dice: Dice) {
  const request = {
    ...ref,
    isStream: true,
    threads: 1 + dice.roll(3),
    compressAlgorithm: dice.pick(['none', 'zlib', 'pglz'] as const),
  }
  let job = await engine.ended(engine.client['backups.start']({ ...request, mode }))
  if (mode === 'PTRACK' && job.error?.code === 'plan.refused')
    job = await engine.ended(engine.client['backups.start']({ ...request, mode: 'AUTO' }))
  if (job.error !== undefined)
    throw new EngineError(job.error.code, job.error.message, { hint: job.error.hint })
  return { id: String(job.backupId), taken: job.mode }
}

async function restore(
  engine: TestEngine,
  ref: Ref,
  id: string,
  scratch: string,
  server: TestServer,
): Promise<TestServer> {
  const place = serverDirectory(path.join(scratch, 'restored'))
  const dataDirectory = path.join(place, 'data')
  const bare = { ...ref, id, dataDirectory, threads: 2 }
  const { tablespaces } = await engine.client['restore.plan'](bare)
  const tablespaceMapping = tablespaces.map(({ from, oid }) => ({ from, to: path.join(place, `ts-${oid}`) }))
  const { error } = await engine.ended(engine.client['restore.start']({ ...bare, tablespaceMapping }))
  expect(error).toBeUndefined()
  return await startRestored(dataDirectory, server.major, server.password)
}
