import { EngineError } from '../base/engine-error.ts'
import type { Run } from '../base/run.ts'
import { configNumber, configSystemId } from '../format/instance-config.ts'
import type { Inventory } from './inventory.ts'
import { archiveDirectory } from './paths.ts'
import { sampleSizes } from './sampled-sizes.ts'
import { arrangeWalArchive, readWalArchive, type WalArchive } from './wal-archive.ts'

const USUAL_SEGMENT_BYTES = 16 << 20

/**
 * The archive of an instance, with what some segments say of their size; an empty one where the directory is missing:
 * backups can be let go all the same.
 */
export async function archiveOf(inventory: Inventory, run: Pick<Run, 'signal'>): Promise<WalArchive> {
  const { catalog, instance, config } = inventory
  const segmentBytes = configNumber(config, 'xlog-seg-size') ?? USUAL_SEGMENT_BYTES
  try {
    const archive = await readWalArchive(catalog, instance, segmentBytes, run)
    return { ...archive, sampledSizes: await sampleSizes(archive, configSystemId(config), run.signal) }
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code !== 'storage.not-found') throw thrown
    return arrangeWalArchive(archiveDirectory(catalog, instance), segmentBytes, [], new Map())
  }
}
