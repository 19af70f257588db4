import { copyFileSync, renameSync, utimesSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { startEngine } from '../testing/engines.ts'
import { unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { linkTree } from '../testing/link-tree.ts'
import { scratchDirectory } from '../testing/scratch.ts'

const FIXTURE = 'probackup-pg15-zlib16'
const why = whyNoFixture(FIXTURE)

test.skipIf(why !== '')(
  `the sidebar counts archived WAL as the overview does: its age is that of the end of the archive${why}`,
  async () => {
    await using fixture = await unpackFixture(FIXTURE)
    await using scratch = await scratchDirectory('fleet')
    const catalog = path.join(scratch.path, 'catalog')
    linkTree(path.join(fixture.dir, 'catalog'), catalog)
    const last = path.join(catalog, 'wal', 'main', '00000001000000000000000E.gz')
    const at = Date.parse('2026-11-21T01:30:00Z') / 1000
    // A file of its own: others share the one that was unpacked.
    copyFileSync(last, `${last}.copy`)
    renameSync(`${last}.copy`, last)
    utimesSync(last, at, at)
    await using engine = await startEngine()
    await engine.client['catalogs.open']({ path: catalog })

    const catalogs = await engine.client['fleet.list']({})

    const [entry] = catalogs[0]?.instances ?? []
    expect(entry?.protection.newestRestorable).toBe('2026-11-21T01:30:00Z')
  },
)
