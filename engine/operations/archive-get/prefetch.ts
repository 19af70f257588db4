import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { mapConcurrently } from '../../base/concurrency.ts'
import { describeError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { findWalSegment, type WalSegment, walSegmentName } from '../../base/wal-segment.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import { type FetchedFile, fetchFile } from '../steps/fetch-file.ts'
import { findUnsound } from './sound-segment.ts'

/** How segments are fetched ahead. */
export type Prefetch = {
  readonly directory: string
  readonly batchSize: number
  readonly threads: number
  readonly isValidated: boolean
}

type Wanted = { readonly segment: WalSegment; readonly systemIdentifier: bigint } & Omit<
  FetchedFile,
  'name' | 'takesPartial'
>

/**
 * Takes a segment out of the directory of those that were fetched ahead, filling that directory first where it has not
 * enough. A segment is only used when its records can be read into the next one. Gives back whether `target` is there
 * now; whatever goes wrong, the segment can still be fetched by itself.
 * Source: `catalog-format.md` section 13.2.
 */
export async function takePrefetched(
  wanted: Wanted,
  prefetch: Prefetch,
  target: string,
  run: Run,
): Promise<boolean> {
  const { segment, segmentBytes } = wanted
  const { directory } = prefetch
  const place = (at: WalSegment): string => path.join(directory, walSegmentName(at, segmentBytes))
  const next = { timeline: segment.timeline, number: segment.number + 1n }
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await dropOlder(directory, segment.number, segmentBytes)
    if (!(await isThere(place(segment)))) await fetchAhead(wanted, prefetch, segment, run)
    else if (!(await isThere(place(next)))) await fetchAhead(wanted, prefetch, next, run)
    if (!(await isThere(place(segment)))) return false
    if (
      prefetch.isValidated &&
      !((await isThere(place(next))) && (await isSound(wanted, place(segment), place(next), run)))
    ) {
      return false
    }
    await rename(place(segment), target)
    return true
  } catch (thrown) {
    if (run.signal.aborted) throw thrown
    run.log.warning(
      `WAL could not be fetched ahead: ${describeError(mapFileError(thrown, directory, 'use'))}`,
    )
    return false
  }
}

/** Fetches segments in order until the archive has no more. What is there is not fetched again. */
async function fetchAhead(
  wanted: Wanted,
  { directory, batchSize, threads }: Prefetch,
  first: WalSegment,
  run: Run,
): Promise<void> {
  const { archive, segmentBytes, systemIdentifier } = wanted
  let hasEnded = false
  const numbers = Array.from({ length: batchSize }, (_, at) => first.number + BigInt(at))
  await mapConcurrently(
    numbers,
    threads,
    async (number) => {
      const name = walSegmentName({ timeline: first.timeline, number }, segmentBytes)
      const place = path.join(directory, name)
      if (hasEnded || (await isThere(place))) return
      const file = { archive, name, segmentBytes, systemIdentifier, takesPartial: false }
      if (await fetchFile(file, `${place}.part`, run.signal)) await rename(`${place}.part`, place)
      else hasEnded = true
    },
    run.signal,
  )
}

/** Whether every record that begins in the segment can be read to its end. */
async function isSound(
  { segment, segmentBytes, systemIdentifier }: Wanted,
  file: string,
  nextFile: string,
  { signal, log }: Run,
): Promise<boolean> {
  const problem = await findUnsound({ ...segment, file, nextFile, segmentBytes, systemIdentifier }, signal)
  if (problem === undefined) return true
  log.warning(`the segment ${path.basename(file)} that was fetched ahead is not used: it ${problem}`)
  await rm(file, { force: true })
  return false
}

/** Recovery only goes forward: what lies before the segment, and what was being fetched, is of no use. */
async function dropOlder(directory: string, number: bigint, segmentBytes: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const found = findWalSegment(name, segmentBytes)
    if (found === undefined || found.number < number) {
      await rm(path.join(directory, name), { force: true, recursive: true })
    }
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch (thrown) {
    if (isMissing(thrown)) return false
    throw thrown
  }
}
