/** A message between threads costs as much as reading a quarter of a megabyte: small files travel together. */
const BATCH_BYTES = 4 << 20
const BATCH_FILES = 64

/**
 * Groups items, largest first, so that big files start early and small ones fill the gaps at the end.
 * An item larger than a batch is a batch of its own.
 */
export function toBatches<Item extends { readonly sizeBytes: number }>(items: readonly Item[]): Item[][] {
  const batches: Item[][] = []
  let batch: Item[] = []
  let bytes = 0
  for (const item of items.toSorted((a, b) => b.sizeBytes - a.sizeBytes)) {
    if (batch.length > 0 && (bytes + item.sizeBytes > BATCH_BYTES || batch.length === BATCH_FILES)) {
      batches.push(batch)
      batch = []
      bytes = 0
    }
    batch.push(item)
    bytes += item.sizeBytes
  }
  if (batch.length > 0) batches.push(batch)
  return batches
}

/**
 * How many batches of files to be written are under way at a time, from the large and from the small end: as half of the
 * threads wait for the disk, the others make small files. All at once they would stand in line for the lock of a
 * directory. One small batch more than there are threads, so that none waits for the next message.
 */
export function writingLanes(threads: number): { readonly first: number; readonly last: number } {
  const first = Math.max(1, Math.floor(threads / 2))
  return { first, last: threads - first + 1 }
}
