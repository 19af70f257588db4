import { describeError, EngineError } from '../base/engine-error.ts'
import type { PreflightHint } from '../base/preflight-hints.ts'
import { readInstanceConfig } from '../catalog/instance.ts'
import { configSystemId } from '../format/instance-config.ts'
import { readClockSkew } from '../server/clock-skew.ts'
import { openSession } from '../server/connection.ts'
import { connectionOf } from './connections.ts'
import type { EngineContext } from './context.ts'
import type { PreflightLine, RestoreRequest } from './contract/restore.ts'
import { quietRun } from './quiet-run.ts'

/** From here on a time that was read off one clock is another moment by the other. */
const MOST_SKEW_MS = 2_000
/** A server that is down must not hold up the plan. */
const LIMIT_MS = 2_500

/**
 * The line about the clocks; undefined unless the target is a time. Commits were stamped by the clock of the server, and a
 * person looked at that of this computer. Whoever restores has often no server left: then it is not known, and no obstacle.
 */
export async function clockLine(
  context: Pick<EngineContext, 'env' | 'secrets' | 'transport' | 'log' | 'clock'>,
  { catalog, instance, target }: Pick<RestoreRequest, 'catalog' | 'instance' | 'target'>,
  signal: AbortSignal,
): Promise<PreflightLine | undefined> {
  if (target?.kind !== 'time') return undefined
  const limit = AbortSignal.timeout(LIMIT_MS)
  const ref = { catalog, instance }
  try {
    const config = readInstanceConfig(catalog, instance)
    const connection = await connectionOf(context, ref, config)
    const run = quietRun(context, AbortSignal.any([signal, limit]))
    await using session = await openSession(connection, run)
    const { aheadMs, systemIdentifier } = await readClockSkew(session, context.clock)
    const expected = configSystemId(config)
    if (expected !== undefined && expected !== systemIdentifier)
      return unknown('another cluster answers where the instance was')
    return skewLine(aheadMs)
  } catch (thrown) {
    if (signal.aborted) throw thrown
    if (limit.aborted) return unknown(`no answer within ${LIMIT_MS / 1000} s`)
    if (!(thrown instanceof EngineError)) throw thrown
    return unknown(describeError(thrown))
  }
}

/** `aheadMs`: milliseconds that our clock is ahead. */
function skewLine(aheadMs: number): PreflightLine {
  const seconds = (Math.abs(aheadMs) / 1000).toFixed(1)
  if (Math.abs(aheadMs) < MOST_SKEW_MS)
    return {
      code: 'clock',
      state: 'ok',
      sentence: { code: 'clock-close', values: { seconds } },
      hint: undefined,
    }
  return {
    code: 'clock',
    state: 'warning',
    sentence: { code: aheadMs > 0 ? 'clock-ahead' : 'clock-behind', values: { seconds } },
    hint: { code: 'by-server-clock' satisfies PreflightHint['code'], values: {} },
  }
}

function unknown(reason: string): PreflightLine {
  return {
    code: 'clock',
    state: 'unknown',
    sentence: { code: 'clock-unknown', values: { reason } },
    hint: undefined,
  }
}
