import type { WalArchive } from './wal-archive.ts'

/**
 * Plain segments of another size than a segment has: cut off by a full disk or a copy, and no server takes them. What is
 * compressed does not tell its size. Pure.
 */
export function wrongSizes({
  timelines,
  segmentBytes,
}: Pick<WalArchive, 'timelines' | 'segmentBytes'>): readonly {
  readonly name: string
  readonly message: string
}[] {
  return timelines
    .flatMap(({ files }) => files)
    .filter(
      ({ kind, isCompressed, sizeBytes }) =>
        kind === 'segment' && !isCompressed && sizeBytes !== segmentBytes,
    )
    .map(({ name, sizeBytes }) => ({
      name,
      message: `has ${sizeBytes} bytes instead of ${segmentBytes}, and no server takes it`,
    }))
}
