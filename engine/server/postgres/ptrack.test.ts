import { describe, expect, test } from 'vitest'
import { parseLsn } from '../../base/lsn.ts'
import type { Row, Session } from '../connection.ts'
import { findPtrackCoverage, readPtrackMaps } from './ptrack.ts'

type Told = {
  readonly schema?: string
  readonly version?: string
  readonly isBuiltIn?: boolean
  readonly settings?: Readonly<Record<string, string>>
  readonly initLsn?: string
}

/** A server that has the extension like that; what is asked in SQL is kept. */
function server(told: Told, asked: string[] = []): Session {
  const query = async (sql: string, values: readonly unknown[] = []): Promise<{ rows: readonly Row[] }> => {
    asked.push(sql)
    if (sql.includes('pg_extension'))
      return { rows: told.schema === undefined ? [] : [{ schema: told.schema }] }
    if (sql.includes('pg_proc')) return { rows: told.isBuiltIn === true ? [{}] : [] }
    if (sql.includes('ptrack_version')) return { rows: [{ version: told.version ?? '2.4' }] }
    if (sql.includes('current_setting'))
      return { rows: [{ size: told.settings?.[String(values[0])] ?? null }] }
    if (sql.includes('_lsn()')) return { rows: [{ lsn: told.initLsn ?? '0/1000028' }] }
    return { rows: [{ path: 'base/5/1259', pagemap: Buffer.from([0b101]) }] }
  }
  return { query, database: 'shop' } as unknown as Session
}

const ON = { schema: 'ours', settings: { 'ptrack.map_size': '64' } }
const PARENT = parseLsn('0/5000028')

describe('the extension ptrack', () => {
  test('has tracked what follows its first LSN, and not what was before', async () => {
    const extension = { schema: 'ours', version: '2.4' }
    expect(await findPtrackCoverage(server({ ...ON, initLsn: '0/5000028' }), PARENT)).toEqual({
      kind: 'covered',
      extension,
    })
    expect(await findPtrackCoverage(server({ ...ON, initLsn: '0/5000029' }), PARENT)).toMatchObject({
      kind: 'unusable',
      reason: {
        code: 'ptrack-late',
        values: { lsn: '0/5000029', parentLsn: '0/5000028' },
        text: 'ptrack began to track at 0/5000029, after the parent started at 0/5000028',
      },
    })
    expect(await findPtrackCoverage(server({ ...ON, initLsn: '0/0' }), PARENT)).toMatchObject({
      kind: 'unusable',
      reason: { code: 'ptrack-empty' },
    })
  })

  test.each([
    [{}, 'ptrack-not-set', 'not set'],
    [{ 'ptrack.map_size': '0' }, 'ptrack-off', '0'],
    [{ 'ptrack.map_size': '-1' }, 'ptrack-off', '-1'],
  ])('tracks nothing with the settings %o', async (settings, code, value) => {
    expect(await findPtrackCoverage(server({ schema: 'ours', settings }), PARENT)).toMatchObject({
      kind: 'unusable',
      reason: { code, text: `ptrack is off on the server (ptrack.map_size is ${value})` },
      advice: { code: 'ptrack-on', values: { setting: 'ptrack.map_size' } },
    })
  })

  test.each([
    { schema: 'ours', version: '1.7' },
    { schema: 'ours', version: 'unheard of' },
    { isBuiltIn: true, version: '1.7' },
  ])('is refused when it is older than 2.0: %o', async (old) => {
    expect(await findPtrackCoverage(server({ ...old, settings: ON.settings }), PARENT)).toMatchObject({
      kind: 'unusable',
      reason: { code: 'ptrack-old', values: { oldest: '2.0' } },
      advice: { code: 'ptrack-update' },
    })
  })

  test('may be in another database only', async () => {
    expect(await findPtrackCoverage(server({}), PARENT)).toEqual({
      kind: 'absent',
      reason: {
        code: 'ptrack-absent',
        values: { database: 'shop' },
        text: 'database shop does not have the extension ptrack',
      },
    })
  })

  test('has other names for its functions and its setting in 2.0', async () => {
    const asked: string[] = []
    const old = server({ schema: 'ours', version: '2.0', settings: { ptrack_map_size: '64' } }, asked)
    const found = await findPtrackCoverage(old, PARENT)
    expect(found).toMatchObject({ kind: 'covered' })
    expect(asked.at(-1)).toContain('ours.pg_ptrack_control_lsn()')
    await readPtrackMaps(old, { schema: 'ours', version: '2.0' }, PARENT, new AbortController())
    expect(asked.at(-1)).toContain('ours.pg_ptrack_get_pagemapset(')
  })

  test('names pages as bits by the path of the file', async () => {
    const maps = await readPtrackMaps(
      server(ON),
      { schema: 'ours', version: '2.4' },
      PARENT,
      new AbortController(),
    )
    expect([...maps]).toEqual([['base/5/1259', Buffer.from([0b101])]])
  })
})
