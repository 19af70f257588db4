import { chmod, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { EngineError } from '../base/engine-error.ts'
import { freeBytes } from '../host/disk.ts'

/** On a disk everywhere; `/tmp` may be memory. */
const USUAL_PLACE = '/var/tmp'
/** Cluster, backup that stays, a restored directory and its copy; and a fifth for increments and what the guess misses. */
const COPIES = 4.2
/** WAL, system databases and programs' own files, whatever the scale. */
const FIXED_BYTES = 2_000_000_000

/** Bytes that a run needs at its fullest moment. */
export function neededBytes(clusterBytes: number): number {
  return Math.ceil(clusterBytes * COPIES + FIXED_BYTES)
}

/**
 * Makes a directory below `TMPDIR`, or `/var/tmp`, that is removed in the end. Servers of another user get through it.
 *
 * @throws {EngineError} `storage.full` when there is too little room for a cluster of that size
 */
export async function openPlace(clusterBytes: number): Promise<AsyncDisposable & { readonly path: string }> {
  const parent = process.env['TMPDIR'] ?? USUAL_PLACE
  const free = await freeBytes(parent)
  const needed = neededBytes(clusterBytes)
  if (free !== undefined && free < needed) {
    throw new EngineError(
      'storage.full',
      `"${parent}" has ${gigabytes(free)} GB of room, and this scale needs ${gigabytes(needed)} GB`,
      { hint: 'Choose a smaller --scale, or set TMPDIR to a directory with more room.' },
    )
  }
  const directory = await mkdtemp(path.join(parent, 'tidemark-bench-'))
  await chmod(directory, 0o711)
  return {
    path: directory,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }),
  }
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1)
}
