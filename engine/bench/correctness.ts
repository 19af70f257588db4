import { rm } from 'node:fs/promises'
import path from 'node:path'
import { startRestored } from '../testing/servers.ts'
import { type BenchCluster, fingerprint, MAJOR } from './cluster.ts'
import { CommandFailed } from './measure.ts'
import type { Kept } from './operations.ts'
import type { Tidemark } from './tidemark.ts'

/** One thing that was checked, and what was wrong with it. */
export type CheckResult = { readonly what: string; readonly fault?: string }

/**
 * Validates every catalog and restores what is in it: each restored server has to start and hold the rows that the
 * cluster had. A failure of a command is a finding; everything is checked in any case.
 */
export async function checkCorrectness(
  cluster: BenchCluster,
  tidemark: Tidemark,
  kept: readonly Kept[],
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = []
  for (const catalog of new Set(kept.map((each) => each.catalog))) {
    const what = `validate ${path.basename(catalog)}`
    results.push(await check(what, () => findInvalid(tidemark, catalog, signal)))
  }
  for (const each of kept) {
    const find = () => findWrongRows(cluster, tidemark, each, signal)
    results.push(await check(`rows of a server on the restored ${each.what}`, find))
  }
  return results
}

async function findInvalid(
  tidemark: Tidemark,
  catalog: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  await tidemark.run(['validate', '-j', '2'], signal, catalog)
  const bad = (await tidemark.list(signal, catalog)).filter(({ status }) => status !== 'OK')
  return bad.length === 0 ? undefined : bad.map(({ id, status }) => `${id} is ${status}`).join(', ')
}

async function findWrongRows(
  cluster: BenchCluster,
  tidemark: Tidemark,
  { catalog, id, rows }: Kept,
  signal: AbortSignal,
): Promise<string | undefined> {
  const home = cluster.server.directory('checked')
  try {
    const dataDirectory = path.join(home, 'data')
    await tidemark.run(['restore', '-i', id, '-D', dataDirectory, '-j', '2'], signal, catalog)
    await using server = await startRestored(dataDirectory, MAJOR, cluster.server.password)
    return describeDifference(rows, await fingerprint(server, signal))
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The first table that differs, by fingerprints of a line for each table. */
export function describeDifference(expected: string, found: string): string | undefined {
  if (expected === found) return undefined
  const lines = new Set(found.split('\n'))
  const differing = expected.split('\n').filter((line) => !lines.has(line))
  const [first] = differing
  if (first === undefined) return 'there are tables that the cluster did not have'
  const more = differing.length > 1 ? ` and ${differing.length - 1} more` : ''
  return `other rows than the cluster had in ${first.split(' ')[0]}${more}`
}

async function check(what: string, find: () => Promise<string | undefined>): Promise<CheckResult> {
  try {
    const fault = await find()
    return fault === undefined ? { what } : { what, fault }
  } catch (thrown) {
    if (!(thrown instanceof CommandFailed)) throw thrown
    return { what, fault: thrown.message }
  }
}
