import { walSegmentName } from '../../base/wal-segment.ts'
import { readInventory } from '../../catalog/inventory.ts'
import {
  type ArchivedTimeline,
  findClosestBackup,
  readWalArchive,
  type SegmentInterval,
} from '../../catalog/wal-archive.ts'
import { wrongSizes } from '../../catalog/wrong-sizes.ts'
import { configNumber } from '../../format/instance-config.ts'
import { backupRecords } from '../backup-records.ts'
import type { EngineHandlers } from '../contract/contract.ts'
import type { ArchivedTimelineRecord, SegmentNames, wal as contract } from '../contract/wal.ts'

const USUAL_SEGMENT_BYTES = 16 << 20

export function walHandlers(): Pick<EngineHandlers, keyof typeof contract> {
  return {
    'wal.archive': async ({ catalog, instance }, call) => {
      const inventory = await readInventory(catalog, instance, call)
      const segmentBytes = configNumber(inventory.config, 'xlog-seg-size') ?? USUAL_SEGMENT_BYTES
      const archive = await readWalArchive(catalog, instance, segmentBytes, call)
      const records = backupRecords(inventory)
      const recordOf = (one: ArchivedTimeline): ArchivedTimelineRecord => ({
        timeline: one.timeline,
        parent: one.parent,
        segments: one.segments && segmentNames(one, one.segments, segmentBytes),
        segmentCount: one.segmentCount,
        sizeBytes: one.segmentBytesOnDisk,
        lost: one.lost.map((interval) => segmentNames(one, interval, segmentBytes)),
        partialCount: one.files.filter(({ kind }) => kind === 'partial').length,
        temporaryCount: one.files.filter(({ kind }) => kind === 'temporary').length,
        closestBackupId: findClosestBackup(archive, one.timeline, inventory.backups)?.id,
        backups: records.filter(({ timeline }) => timeline === one.timeline),
      })
      return {
        directory: archive.directory,
        segmentBytes,
        timelines: archive.timelines.toReversed().map(recordOf),
        problems: [
          ...archive.unknownNames.map((name) => ({ name, message: 'is no file of a WAL archive' })),
          ...wrongSizes(archive),
          ...archive.problems.map(({ name, message }) => ({ name, message: `cannot be used: ${message}` })),
        ],
      }
    },
  }
}

function segmentNames(
  { timeline }: Pick<ArchivedTimeline, 'timeline'>,
  { begin, end }: SegmentInterval,
  segmentBytes: number,
): SegmentNames {
  const nameOf = (number: bigint): string => walSegmentName({ timeline, number }, segmentBytes)
  return { begin: nameOf(begin), end: nameOf(end) }
}
