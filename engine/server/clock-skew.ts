import type { Clock } from '../base/clock.ts'
import type { Session } from './connection.ts'

/** How two clocks differ. */
export type ClockSkew = {
  /** Milliseconds that our clock is ahead of the server's; negative when it is behind. */
  readonly aheadMs: number
  /** The truth is within this many milliseconds of `aheadMs`: half the time that the answer took. */
  readonly uncertaintyMs: number
  readonly systemIdentifier: bigint
}

/** The quickest of so many answers counts: it says most about the moment at which the server looked. */
const QUESTIONS = 3

/**
 * Compares our clock with that of the server, which stamped its commits: the answer is taken to be from the middle of the
 * time that it took.
 *
 * @throws {EngineError} `server.*` when the server does not answer or the role may not ask
 */
export async function readClockSkew(session: Session, clock: Clock): Promise<ClockSkew> {
  let best: ClockSkew | undefined
  for (let asked = 0; asked < QUESTIONS; asked++) {
    const beforeMs = clock.nowMs()
    const { rows } = await session.query(
      `select extract(epoch from clock_timestamp()) * 1000 as now_ms,
              (select system_identifier::text from pg_control_system()) as system_identifier`,
    )
    const afterMs = clock.nowMs()
    const [row = {}] = rows
    const found = {
      aheadMs: Math.round((beforeMs + afterMs) / 2 - Number(row['now_ms'])),
      uncertaintyMs: Math.ceil((afterMs - beforeMs) / 2),
      systemIdentifier: BigInt(String(row['system_identifier'])),
    }
    if (best === undefined || found.uncertaintyMs < best.uncertaintyMs) best = found
  }
  if (best === undefined) throw new Error('bug: nothing was asked')
  return best
}
