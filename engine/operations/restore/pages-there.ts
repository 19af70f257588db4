import { readSync } from 'node:fs'
import type { Lsn } from '../../base/lsn.ts'
import type { HeaderTableReader } from '../../format/header-map.ts'
import { PAGE_BYTES, SEGMENT_BLOCKS } from '../../format/page-header.ts'
import { kernel } from '../../kernel/kernel.ts'
import { SCANNED } from '../../kernel/page-kernel.ts'
import type { TaskContext } from '../steps/worker-pool.ts'

/** How pages that are in the directory already are known to be those of the backup. */
export type Reuse =
  | {
      readonly mode: 'checksum'
      /** Whether the cluster that is restored has data checksums. */
      readonly hasChecksums: boolean
    }
  | {
      readonly mode: 'lsn'
      /** Up to here the directory followed the history of the backup: where a backup of its chain stopped. */
      readonly shiftLsn: Lsn
      /** Where that backup began. Pages that changed after it was read may differ from what it stores. */
      readonly shiftStartLsn: Lsn
    }

/** What the header table of a backup and a page in the directory say of each other. */
export type Comparison = 'same' | 'other' | 'diverged'

const NOTHING = 0
const SOUND = 1
const ZEROED = 2

/**
 * What was found out about the pages of one segment in the directory. The next one goes into the same memory: 11 bytes
 * for each block of a full segment.
 */
export type PagesThere = {
  readonly blockCount: number
  isZeroed(block: number): boolean
  compare(block: number, table: HeaderTableReader, index: number): Comparison
}

/** For a whole segment; made when the first one is looked at. */
let found:
  | { readonly states: Uint8Array; readonly checksums: Uint16Array; readonly lsnHalves: Uint32Array }
  | undefined

/**
 * Reads the first `blockCount` pages of a file, at most a full segment of them, in large reads through `buffer`, which is
 * the kernel's.
 */
export function examinePagesThere(
  descriptor: number,
  options: {
    readonly blockCount: number
    readonly segmentNumber: number
    readonly reuse: Reuse
    readonly buffer: Uint8Array
  },
  context: TaskContext,
): PagesThere {
  const { segmentNumber, reuse, buffer } = options
  found ??= {
    states: new Uint8Array(SEGMENT_BLOCKS),
    checksums: new Uint16Array(SEGMENT_BLOCKS),
    lsnHalves: new Uint32Array(2 * SEGMENT_BLOCKS),
  }
  const { states, checksums, lsnHalves } = found
  let blockCount = 0
  while (blockCount < options.blockCount) {
    context.throwIfCancelled()
    const wanted = Math.min(buffer.length, (options.blockCount - blockCount) * PAGE_BYTES)
    const readPages = Math.floor(readFully(descriptor, buffer, wanted, blockCount * PAGE_BYTES) / PAGE_BYTES)
    if (readPages === 0) break
    const scan = kernel.scanPages(buffer.subarray(0, readPages * PAGE_BYTES), {
      firstBlock: segmentNumber * SEGMENT_BLOCKS + blockCount,
      hasChecksums: reuse.mode === 'lsn' || reuse.hasChecksums,
      stopLsn: reuse.mode === 'lsn' ? reuse.shiftLsn : undefined,
    })
    for (let at = 0; at < readPages; at++) {
      const verdict = scan.verdicts[at]
      states[blockCount + at] =
        verdict === SCANNED.valid ? SOUND : verdict === SCANNED.zeroed ? ZEROED : NOTHING
    }
    checksums.set(scan.checksums.subarray(0, readPages), blockCount)
    lsnHalves.set(scan.lsnHalves.subarray(0, 2 * readPages), 2 * blockCount)
    blockCount += readPages
    context.addBytes(readPages * PAGE_BYTES)
  }

  const shiftStart = reuse.mode === 'lsn' ? reuse.shiftStartLsn : undefined
  return {
    blockCount,
    isZeroed: (block) => block < blockCount && states[block] === ZEROED,
    compare: (block, table, index) => {
      const state = block < blockCount ? states[block] : NOTHING
      if (state === NOTHING) return 'other'
      const low = table.lsnLowAt(index)
      const high = table.lsnHighAt(index)
      const checksum = table.checksumAt(index)
      if (state === ZEROED) return low === 0 && high === 0 && checksum === 0 ? 'same' : 'other'
      const lowThere = lsnHalves[2 * block] as number
      const highThere = lsnHalves[2 * block + 1] as number
      const isSameLsn = low === lowThere && high === highThere
      if (isSameLsn && checksum === checksums[block]) return 'same'
      // The same LSN with another checksum: hint bits, of which the log does not tell.
      if (shiftStart === undefined || isSameLsn || (lowThere === 0 && highThere === 0)) return 'other'
      const lsnThere = (BigInt(highThere) << 32n) | BigInt(lowThere)
      const lsnStored = (BigInt(high) << 32n) | BigInt(low)
      return lsnThere > shiftStart && lsnThere > lsnStored ? 'same' : 'diverged'
    },
  }
}

function readFully(descriptor: number, buffer: Uint8Array, bytes: number, offset: number): number {
  let done = 0
  while (done < bytes) {
    const readBytes = readSync(descriptor, buffer, done, bytes - done, offset + done)
    if (readBytes === 0) break
    done += readBytes
  }
  return done
}
