import { createHash } from 'node:crypto'
import { EngineError } from '../base/engine-error.ts'
import { type Lsn, lsnFromBigint, LSN_NONE } from '../base/lsn.ts'
import type { Run } from '../base/run.ts'
import { walSegmentNumber, walSegmentStart } from '../base/wal-segment.ts'
import { WAL_PAGE_BYTES } from '../format/wal-page.ts'
import type { WalScan } from '../kernel/wal-scan.ts'
import { OpenTransactions } from './open-transactions.ts'
import { type ReadEnd, readSegment, withScan } from './read-segment.ts'
import { SegmentCollector, type SegmentState } from './segment-facts.ts'
import type { ListedSegment } from './segment-list.ts'
import type { ReadSegment, SegmentKey, SegmentRest, SegmentRow } from './segment-row.ts'
import type { IndexedArchive, WalIndexStore } from './store.ts'

/** What was read is stored after so many segments or bytes of commits: a kill loses no more. */
const MOST_UNSTORED_SEGMENTS = 64
const MOST_UNSTORED_BYTES = 8 << 20
/** Segments that did not change and were passed over, between two breaths of the event loop. */
const SEGMENTS_PER_SLICE = 2000

/** What came of bringing an index up to date. */
export type UpdateResult = {
  readonly readSegments: number
  readonly readBytes: number
  readonly removedSegments: number
  readonly commits: number
}

/** How a segment is read on from the one before. */
type Basis = {
  readonly hash: string
  /** Reads it from the index when it is not what was read just now. */
  readonly rest: () => SegmentRest
  readonly segment: ListedSegment
}

const NOTHING: SegmentRest = { previous: '', inside: '', open: [] }

/**
 * Brings the index up to date with the segments that are there. Those that are as they were are not read again, unless
 * what comes before them changed and concerns them. Damage is kept as the state of its segment, and reading goes on with
 * the next. Stopped at any moment the index is good, and lacks what was not read.
 *
 * @throws {EngineError} `storage.*` when a file cannot be read, `run.cancelled`
 */
export async function updateWalIndex(
  store: WalIndexStore,
  archive: Pick<IndexedArchive, 'systemIdentifier' | 'segmentBytes'>,
  listed: readonly ListedSegment[],
  run: Pick<Run, 'signal' | 'report'>,
): Promise<UpdateResult> {
  return await withScan(run.signal, (scan) => new Update(store, archive, listed, run, scan).run())
}

class Update {
  readonly #store: WalIndexStore
  readonly #archive: Pick<IndexedArchive, 'systemIdentifier' | 'segmentBytes'>
  readonly #listed: readonly ListedSegment[]
  readonly #run: Pick<Run, 'signal' | 'report'>
  readonly #scan: WalScan
  readonly #known: ReadonlyMap<string, SegmentRow>
  /** What later segments may be read on from. */
  readonly #bases = new Map<string, Basis>()
  /** Segments from which another timeline goes on: perhaps much later. */
  readonly #branches: ReadonlySet<string>
  /** The segment that the scan has just read to its end. */
  #scanned: string | undefined
  #unstored: ReadSegment[] = []
  #unstoredBytes = 0
  #gone: readonly number[]
  #read = { segments: 0, bytes: 0, commits: 0 }

  constructor(
    store: WalIndexStore,
    archive: Pick<IndexedArchive, 'systemIdentifier' | 'segmentBytes'>,
    listed: readonly ListedSegment[],
    run: Pick<Run, 'signal' | 'report'>,
    scan: WalScan,
  ) {
    this.#store = store
    this.#archive = archive
    this.#listed = listed
    this.#run = run
    this.#scan = scan
    this.#known = new Map(store.segments().map((row) => [keyOf(row), row]))
    this.#branches = new Set(
      listed.flatMap(({ timeline, before }) =>
        before === undefined || before.timeline === timeline ? [] : [keyOf(before)],
      ),
    )
    const there = new Set(listed.map(keyOf))
    this.#gone = [...this.#known].flatMap(([key, { id }]) => (there.has(key) ? [] : [id]))
  }

  async run(): Promise<UpdateResult> {
    const removedSegments = this.#gone.length
    this.#flush()
    try {
      for (const [index, segment] of this.#listed.entries()) {
        if (index % SEGMENTS_PER_SLICE === SEGMENTS_PER_SLICE - 1) await new Promise(setImmediate)
        this.#run.signal.throwIfAborted()
        const basis = this.#basisOf(segment)
        const row = this.#known.get(keyOf(segment))
        if (row !== undefined && isAsItWas(row, segment) && row.basis === basis.hash) {
          const { id } = row
          this.#bases.set(keyOf(segment), { hash: row.outcome, rest: () => this.#store.restOf(id), segment })
        } else await this.#readIfThere(segment, basis)
        this.#dropOldBases(segment)
        this.#report(index + 1, segment)
      }
    } finally {
      this.#flush()
    }
    const { segments, bytes, commits } = this.#read
    return { readSegments: segments, readBytes: bytes, removedSegments, commits }
  }

  #basisOf(segment: ListedSegment): Basis {
    const before = segment.before === undefined ? undefined : this.#bases.get(keyOf(segment.before))
    return {
      hash: hashOf([before?.hash ?? '', segment.skipBefore.toString(16), segment.mayEndEarly ? '1' : '']),
      rest: before?.rest ?? (() => NOTHING),
      segment: before?.segment ?? segment,
    }
  }

  /** A segment may be removed after the list was made; it is gone from the index with the next update. */
  async #readIfThere(segment: ListedSegment, basis: Basis): Promise<void> {
    try {
      await this.#readOne(segment, basis)
    } catch (thrown) {
      if (!(thrown instanceof EngineError) || thrown.code !== 'storage.not-found') throw thrown
    }
  }

  async #readOne(segment: ListedSegment, basis: Basis): Promise<void> {
    const { segmentBytes } = this.#archive
    const rest = basis.rest()
    const open = new OpenTransactions(rest.open)
    const collector = new SegmentCollector({
      open,
      number: segment.number,
      segmentBytes,
      skipBefore: segment.skipBefore,
    })
    if (segment.before === undefined || this.#scanned !== keyOf(segment.before))
      await this.#position(segment, rest)
    for (const number of open.createdNumbers()) this.#scan.remember(number)
    this.#scanned = undefined
    const end = await readSegment(this.#scan, {
      file: segment,
      segmentStart: walSegmentStart(segment.number, segmentBytes),
      offset: 0,
      segmentBytes,
      timeline: segment.timeline,
      signal: this.#run.signal,
      onCounter: collector.onCounter,
      onRecord: collector.onRecord,
      onPlainEnd: collector.onPlainEnd,
      onBytes: (bytes) => {
        this.#read.bytes += bytes
      },
    })
    const state = stateOf(segment, end)
    if (state === 'whole') this.#scanned = keyOf(segment)
    const facts = collector.facts()
    const left: SegmentRest = {
      ...(state === 'whole' ? this.#whereScanStands() : { previous: '', inside: '' }),
      open: open.state,
    }
    const read: ReadSegment = {
      ...segment,
      basis: basis.hash,
      outcome: hashOf([JSON.stringify(left)]),
      state,
      soundLsn: end.lsn,
      problem: end.kind === 'end' || state === 'open' ? undefined : end.message,
      rest: left,
      facts,
    }
    this.#bases.set(keyOf(segment), { hash: read.outcome, rest: () => left, segment })
    this.#read.segments++
    this.#read.commits += facts.commitCount
    this.#unstored.push(read)
    this.#unstoredBytes += facts.commits.length
    if (this.#unstored.length >= MOST_UNSTORED_SEGMENTS || this.#unstoredBytes >= MOST_UNSTORED_BYTES)
      this.#flush()
  }

  #whereScanStands(): Pick<SegmentRest, 'previous' | 'inside'> {
    const { previousLsn, isInsideRecord, resumeLsn } = this.#scan
    return { previous: previousLsn.toString(16), inside: isInsideRecord ? resumeLsn.toString(16) : '' }
  }

  /** Brings the scan to the start of a segment: into the record that goes over from the segments before, if it can. */
  async #position(segment: ListedSegment, { previous, inside }: SegmentRest): Promise<void> {
    const { systemIdentifier, segmentBytes } = this.#archive
    const start = walSegmentStart(segment.number, segmentBytes)
    const { timeline } = segment
    if (inside !== '') {
      const lsn = lsnFromBigint(BigInt(`0x${inside}`))
      this.#scan.begin({
        systemIdentifier,
        segmentBytes,
        timeline,
        lsn,
        from: 'record',
        previous: lsnOf(previous),
      })
      if (await this.#readBeginning(segment, lsn)) return
    }
    const known = inside === '' && previous !== '' ? lsnOf(previous) : undefined
    this.#scan.begin({ systemIdentifier, segmentBytes, timeline, lsn: start, from: 'first', previous: known })
  }

  /** Reads the beginning of a record that ends in `segment`, from the segments before; false when that fails. */
  async #readBeginning(segment: ListedSegment, lsn: Lsn): Promise<boolean> {
    const { segmentBytes } = this.#archive
    const first = walSegmentNumber(lsn, segmentBytes)
    const before: ListedSegment[] = []
    for (let at = segment; at.number > first;) {
      const one = at.before === undefined ? undefined : this.#bases.get(keyOf(at.before))?.segment
      if (one === undefined) return false
      before.unshift(one)
      at = one
    }
    const inPage = lsn % BigInt(WAL_PAGE_BYTES)
    for (const one of before) {
      const segmentStart = walSegmentStart(one.number, segmentBytes)
      const end = await readSegment(this.#scan, {
        file: one,
        segmentStart,
        offset: one.number === first ? Number(lsn - inPage - segmentStart) : 0,
        segmentBytes,
        timeline: one.timeline,
        signal: this.#run.signal,
        onCounter: () => undefined,
        onRecord: () => undefined,
      })
      if (end.kind !== 'end') return false
    }
    return this.#scan.isInsideRecord
  }

  /** A record goes over several segments when these are small: the last ones are enough. */
  #dropOldBases({ timeline, place, number }: SegmentKey): void {
    const old = keyOf({ place, timeline, number: number - 2048n })
    if (!this.#branches.has(old)) this.#bases.delete(old)
  }

  #flush(): void {
    if (this.#unstored.length === 0 && this.#gone.length === 0) return
    this.#store.write(this.#unstored, this.#gone)
    this.#unstored = []
    this.#unstoredBytes = 0
    this.#gone = []
  }

  #report(doneFiles: number, segment: ListedSegment): void {
    const { segmentBytes } = this.#archive
    this.#run.report({
      phase: 'read-wal',
      doneBytes: doneFiles * segmentBytes,
      totalBytes: this.#listed.length * segmentBytes,
      doneFiles,
      totalFiles: this.#listed.length,
      currentFiles: [segment.file],
    })
  }
}

function stateOf({ mayEndEarly }: ListedSegment, end: ReadEnd): SegmentState {
  if (end.kind === 'end') return 'whole'
  const isUnwritten = end.kind === 'zeroed' || end.kind === 'wrong-address' || end.kind === 'truncated'
  return mayEndEarly && isUnwritten ? 'open' : end.kind
}

/** Whether the file of a segment is the one that was read. */
export function isAsItWas(row: SegmentRow, segment: ListedSegment): boolean {
  return (
    row.file === segment.file &&
    row.sizeBytes === segment.sizeBytes &&
    row.modifiedMs === segment.modifiedMs &&
    row.switchLsn === segment.switchLsn &&
    row.parentTimeline === segment.parentTimeline
  )
}

/** Names a segment of the index in a map. */
export function keyOf({ place, timeline, number }: SegmentKey): string {
  return `${place}/${timeline}/${number}`
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16)
}

function lsnOf(text: string): Lsn {
  return text === '' ? LSN_NONE : lsnFromBigint(BigInt(`0x${text}`))
}
