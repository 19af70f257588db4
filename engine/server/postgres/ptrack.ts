import { LSN_NONE, formatLsn, type Lsn, parseLsn } from '../../base/lsn.ts'
import { type ModeAdvice, modeAdvice, type ModeReason, modeReason } from '../../base/mode-reasons.ts'
import type { Session } from '../connection.ts'

/** The extension `ptrack` as one database has it. */
export type PtrackExtension = {
  /** As SQL writes it, with quotes where it needs them. */
  readonly schema: string
  readonly version: string
}

/** Whether the extension has tracked changes since an LSN. */
export type PtrackCoverage =
  | { readonly kind: 'covered'; readonly extension: PtrackExtension }
  /** The database of the session does not have it. */
  | { readonly kind: 'absent'; readonly reason: ModeReason }
  /** It is too old, switched off, or began later. */
  | { readonly kind: 'unusable'; readonly reason: ModeReason; readonly advice: ModeAdvice }

const OLDEST = [2, 0] as const
/** It looks at every block of the cluster in its map. */
const LONGEST_READ_MS = 600_000

/** Names that 2.1 changed. Source: `ptrack--2.0--2.1.sql` and README of the extension. */
function namesOf(version: string): {
  readonly pages: string
  readonly initLsn: string
  readonly size: string
} {
  return isAtLeast(version, [2, 1])
    ? { pages: 'ptrack_get_pagemapset', initLsn: 'ptrack_init_lsn', size: 'ptrack.map_size' }
    : { pages: 'pg_ptrack_get_pagemapset', initLsn: 'pg_ptrack_control_lsn', size: 'ptrack_map_size' }
}

/**
 * Looks whether the extension names every page that was written since `from`. Its functions are called in the schema of
 * the extension only: anybody may make a function of the same name elsewhere.
 *
 * @throws {EngineError} `server.denied`, `server.query-failed` when the functions may not be called
 */
export async function findPtrackCoverage(session: Session, from: Lsn): Promise<PtrackCoverage> {
  const { rows: installed } = await session.query(
    `select pg_catalog.quote_ident(n.nspname) as schema from pg_catalog.pg_extension e
       join pg_catalog.pg_namespace n on n.oid = e.extnamespace where e.extname = 'ptrack'`,
  )
  const schema = installed[0]?.['schema']
  // Before 2.0 it was part of patched servers.
  if (schema === undefined && !(await isBuiltIn(session))) {
    const { database } = session
    const text = `database ${database} does not have the extension ptrack`
    return { kind: 'absent', reason: modeReason('ptrack-absent', { database }, text) }
  }
  const version = await readVersion(session, schema === undefined ? 'pg_catalog' : String(schema))
  if (schema === undefined || !isAtLeast(version, OLDEST)) {
    const oldest = OLDEST.join('.')
    const text = `the server has ptrack ${version}, which is older than ${oldest}`
    return {
      kind: 'unusable',
      reason: modeReason('ptrack-old', { version, oldest }, text),
      advice: modeAdvice(
        'ptrack-update',
        {},
        'Update ptrack on the server (ALTER EXTENSION ptrack UPDATE) and take the next FULL backup.',
      ),
    }
  }
  const extension = { schema: String(schema), version }
  const names = namesOf(version)
  const { rows: settings } = await session.query('select pg_catalog.current_setting($1, true) as size', [
    names.size,
  ])
  const size = Number.parseInt(String(settings[0]?.['size'] ?? ''), 10)
  if (!(size > 0)) {
    const setting = names.size
    return {
      kind: 'unusable',
      reason: reasonOfOff(setting, settings[0]?.['size']),
      advice: modeAdvice(
        'ptrack-on',
        { setting },
        `Set ${setting}, restart the server and take a FULL backup.`,
      ),
    }
  }
  const { rows } = await session.query(`select ${extension.schema}.${names.initLsn}()::text as lsn`)
  const initLsn = parseLsn(String(rows[0]?.['lsn']))
  if (initLsn !== LSN_NONE && initLsn <= from) return { kind: 'covered', extension }
  return {
    kind: 'unusable',
    reason:
      initLsn === LSN_NONE ? modeReason('ptrack-empty', {}, 'ptrack has no map yet') : late(initLsn, from),
    advice: modeAdvice('ptrack-next-full', {}, 'From the next FULL backup on PTRACK is possible.'),
  }
}

function reasonOfOff(setting: string, value: unknown): ModeReason {
  if (value == null)
    return modeReason('ptrack-not-set', { setting }, `ptrack is off on the server (${setting} is not set)`)
  const values = { setting, value: String(value) }
  return modeReason('ptrack-off', values, `ptrack is off on the server (${setting} is ${values.value})`)
}

function late(began: Lsn, parentStart: Lsn): ModeReason {
  const values = { lsn: formatLsn(began), parentLsn: formatLsn(parentStart) }
  const text = `ptrack began to track at ${values.lsn}, after the parent started at ${values.parentLsn}`
  return modeReason('ptrack-late', values, text)
}

/**
 * The blocks that were written since `from` and perhaps some more, as bits (block `b` of a segment file is bit `b & 7` of
 * byte `b >> 3`) by the path of the segment file. Files without any are missing.
 */
export async function readPtrackMaps(
  session: Session,
  { schema, version }: PtrackExtension,
  from: Lsn,
  call: { readonly signal: AbortSignal; readonly timeoutMs?: number },
): Promise<ReadonlyMap<string, Uint8Array>> {
  const { rows } = await session.query(
    `select path, pagemap from ${schema}.${namesOf(version).pages}($1::pg_lsn) order by 1`,
    [formatLsn(from)],
    { timeoutMs: LONGEST_READ_MS, ...call },
  )
  return new Map(
    rows.flatMap(({ path, pagemap }) => (pagemap instanceof Uint8Array ? [[String(path), pagemap]] : [])),
  )
}

async function isBuiltIn(session: Session): Promise<boolean> {
  const { rows } = await session.query(
    "select from pg_catalog.pg_proc where proname = 'ptrack_version' and pronamespace = 'pg_catalog'::pg_catalog.regnamespace",
  )
  return rows.length > 0
}

async function readVersion(session: Session, schema: string): Promise<string> {
  const { rows } = await session.query(`select ${schema}.ptrack_version() as version`)
  return String(rows[0]?.['version'])
}

/** A version that cannot be read is older than any. */
function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const parts = /^(?<major>\d+)\.(?<minor>\d+)/.exec(version)?.groups
  const own = Number(parts?.['major'] ?? 0)
  return own > major || (own === major && Number(parts?.['minor'] ?? 0) >= minor)
}
