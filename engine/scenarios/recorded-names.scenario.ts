import path from 'node:path'
import { expect, test } from 'vitest'
import { startEngine } from '../testing/engines.ts'
import { unpackFixture, whyNoFixture } from '../testing/fixtures.ts'

for (const name of ['probackup-pg15-zlib16', 'probackup-pg15-plain1'] as const) {
  const reason = whyNoFixture(name)
  test.skipIf(reason !== '')(`what was dropped in ${name} has its name${reason}`, async () => {
    await using fixture = await unpackFixture(name)
    await using engine = await startEngine()
    const ref = { catalog: path.join(fixture.dir, 'catalog'), instance: 'main' }
    const indexed = await engine.ended(engine.client['wal.index.start'](ref))
    const { accidents } = await engine.client['wal.accidents']({ ...ref, relationName: 'public.ledger' })

    expect(indexed.error).toBeUndefined()
    expect(accidents.map(({ kind, count }) => [kind, count])).toEqual([['drop', 5]])
    const owners = accidents[0]?.relations.map(({ name: found }) => [
      found?.database,
      (found?.owner ?? found)?.schema,
      (found?.owner ?? found)?.relation,
    ])
    expect(owners).toEqual(Array.from({ length: 5 }, () => ['shop', 'public', 'ledger']))
    // The DROP TABLE that the restore point stands before.
    if (name === 'probackup-pg15-zlib16') expect(accidents[0]?.xid).toBe(779)
  })
}
