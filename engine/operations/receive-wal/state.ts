import { isCancelled } from '../../base/engine-error.ts'
import type { Lsn } from '../../base/lsn.ts'
import type { Timeline } from '../../base/wal-segment.ts'

/**
 * `streaming`: connected, and nothing or little is missing. `catching-up`: connected, and the server is far ahead.
 * `reconnecting`: the server cannot be reached or refuses. `disk-full`: waits for room.
 */
export type ReceiverPhase = 'connecting' | 'catching-up' | 'streaming' | 'reconnecting' | 'disk-full'

/** WAL that the server had removed before it was received. */
export type ReceiverGap = { readonly timeline: Timeline; readonly from: Lsn; readonly to: Lsn }

/** A receiver as it is now. Times are in Unix milliseconds. */
export type ReceiverState = {
  readonly phase: ReceiverPhase
  readonly slot: string | undefined
  readonly timeline: Timeline | undefined
  /** Up to where WAL is written, and up to where it is safe on the disk of the archive. */
  readonly receivedLsn: Lsn | undefined
  readonly flushedLsn: Lsn | undefined
  /** Up to where the server said last that its WAL goes. */
  readonly serverLsn: Lsn | undefined
  /** What the server has and the archive does not have safely; undefined before the server was heard of. */
  readonly lagBytes: number | undefined
  /** When last everything that the server had was safe: what was committed since may be lost with the server. */
  readonly safeAtMs: number | undefined
  readonly connectedAtMs: number | undefined
  /** Connections that were lost or refused since the start. */
  readonly lossCount: number
  readonly segmentCount: number
  readonly receivedBytes: number
  /** The first ones at most. */
  readonly gaps: readonly ReceiverGap[]
  /** What keeps it from receiving. */
  readonly problem: unknown
  readonly nextTryAtMs: number | undefined
}

/** Further behind than this many segments is catching up. */
const NEAR_SEGMENTS = 2
const MOST_GAPS = 100

export function initialState(slot: string | undefined): ReceiverState {
  return {
    phase: 'connecting',
    slot,
    timeline: undefined,
    receivedLsn: undefined,
    flushedLsn: undefined,
    serverLsn: undefined,
    lagBytes: undefined,
    safeAtMs: undefined,
    connectedAtMs: undefined,
    lossCount: 0,
    segmentCount: 0,
    receivedBytes: 0,
    gaps: [],
    problem: undefined,
    nextTryAtMs: undefined,
  }
}

/** The state after the server was heard of, or after something was made safe. */
export function progressed(
  state: ReceiverState,
  heard: {
    readonly server: { readonly endLsn: Lsn } | undefined
    readonly received: Lsn
    readonly flushed: Lsn
    readonly segmentCount: number
    readonly receivedBytes: number
  },
  segmentBytes: number,
  nowMs: number,
): ReceiverState {
  const serverLsn = heard.server?.endLsn ?? state.serverLsn
  const end = serverLsn === undefined || serverLsn < heard.received ? heard.received : serverLsn
  const lagBytes = Math.max(0, Number(end - heard.flushed))
  const isNear = Number(end - heard.received) <= NEAR_SEGMENTS * segmentBytes
  return {
    ...state,
    phase: isNear ? 'streaming' : 'catching-up',
    receivedLsn: heard.received,
    flushedLsn: heard.flushed,
    serverLsn: end,
    lagBytes,
    safeAtMs: lagBytes === 0 ? nowMs : state.safeAtMs,
    segmentCount: heard.segmentCount,
    receivedBytes: heard.receivedBytes,
    problem: undefined,
    nextTryAtMs: undefined,
  }
}

/** The state while nothing can be received. */
export function held(
  state: ReceiverState,
  phase: 'reconnecting' | 'disk-full',
  problem: unknown,
  nextTryAtMs: number,
): ReceiverState {
  return {
    ...state,
    phase,
    problem: isCancelled(problem) ? undefined : problem,
    nextTryAtMs,
    connectedAtMs: undefined,
    lossCount: state.lossCount + 1,
  }
}

export function withGap(state: ReceiverState, gap: ReceiverGap): ReceiverState {
  const last = state.gaps.at(-1)
  // The server has removed more before it could be asked for.
  if (last !== undefined && last.to === gap.from)
    return { ...state, gaps: [...state.gaps.slice(0, -1), { ...last, to: gap.to }] }
  return { ...state, gaps: [...state.gaps, gap].slice(0, MOST_GAPS) }
}
