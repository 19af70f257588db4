import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { decodeControlFile } from '../format/control-file.ts'
import { classifyRelationFile } from '../format/file-names.ts'
import { examinePage, PAGE_BYTES, SEGMENT_BLOCKS } from '../format/page-header.ts'
import { hideUnlogged } from './unlogged-bytes.ts'

/** What two servers that were stopped at the same LSN need not share, and why. Nothing else may differ. */
const EXCLUDED: readonly { readonly path: RegExp; readonly why: string }[] = [
  { path: /^pg_wal\//, why: 'each writes WAL of its own when it starts and stops' },
  { path: /^global\/pg_control$/, why: 'it tells of those checkpoints; its lasting facts are compared' },
  { path: /^pg_stat\//, why: 'statistics are thrown away by recovery' },
  { path: /^pg_subtrans\//, why: 'it is emptied whenever a server starts' },
  { path: /(^|\/)pg_internal\.init$/, why: 'sessions write this cache when they miss it' },
  { path: /^postmaster\.opts$/, why: 'it holds the command line of the last start' },
  { path: /^postgresql\.auto\.conf$/, why: 'the restore adds the settings of the recovery' },
  { path: /^(backup_label|tablespace_map)\.old$/, why: 'recovery puts them aside' },
]

export type ComparedClusters = {
  /** One line for each file or page that differs. */
  readonly differences: readonly string[]
  readonly files: number
  readonly pages: number
}

/**
 * Compares the data directories of two servers that were shut down, file by file and byte by byte. Files for which
 * `isReplayed` holds were written to between the start and the stop of the backup: what recovery does not bring back
 * there, since it is in no WAL, may differ as well.
 */
export async function compareClusters(
  reference: string,
  restored: string,
  isReplayed: (path: string) => boolean,
): Promise<ComparedClusters> {
  const expected = await filesBelow(reference)
  const found = await filesBelow(restored)
  const unlogged = relationsWithInitFork(expected)
  const differences = [...(await controlFileDifferences(reference, restored))]
  let files = 0
  let pages = 0
  for (const name of new Set([...expected, ...found].toSorted())) {
    const relation = relationOf(name)
    const isUnlogged = unlogged.has(relation) && !name.endsWith('_init')
    // The free space is a guess that is not logged; without it the server looks for itself.
    if (isReplayed(name) && /_fsm(\.\d+)?$/.test(name)) continue
    // Only the main fork is made anew, from the init fork.
    if (isUnlogged && name !== relation) {
      if (found.has(name)) differences.push(`${name}: recovery leaves no such fork of an unlogged relation`)
      continue
    }
    if (!expected.has(name) || !found.has(name)) {
      differences.push(`${name}: ${found.has(name) ? 'should not be there' : 'is missing'}`)
      continue
    }
    const before = await readFile(path.join(reference, isUnlogged ? `${relation}_init` : name))
    const after = await readFile(path.join(restored, name))
    files++
    pages += Math.floor(after.length / PAGE_BYTES)
    if (before.equals(after)) continue
    differences.push(...fileDifferences(name, before, after, isReplayed(name)))
  }
  return { differences, files, pages }
}

/** Everything but what is excluded; links of tablespaces are followed. */
async function filesBelow(root: string, below = ''): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for (const entry of await readdir(path.join(root, below))) {
    const name = below === '' ? entry : `${below}/${entry}`
    if (EXCLUDED.some((exclusion) => exclusion.path.test(name))) continue
    if (!(await stat(path.join(root, name))).isDirectory()) names.add(name)
    else for (const inside of await filesBelow(root, name)) names.add(inside)
  }
  return names
}

/** The path of the main fork's first segment that a file belongs to. */
function relationOf(name: string): string {
  return name.replace(/(_(fsm|vm|init))?(\.\d+)?$/, '')
}

function relationsWithInitFork(names: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...names].filter((name) => name.endsWith('_init')).map(relationOf))
}

async function controlFileDifferences(reference: string, restored: string): Promise<readonly string[]> {
  const [before, after] = await Promise.all(
    [reference, restored].map(async (root) => {
      const file = decodeControlFile(await readFile(path.join(root, 'global', 'pg_control')))
      const { systemIdentifier, catalogVersion, dataChecksumVersion, state, isCrcValid } = file
      return `${systemIdentifier} ${catalogVersion} ${dataChecksumVersion} ${state} ${isCrcValid}`
    }),
  )
  return before === after ? [] : [`global/pg_control: ${after} instead of ${before}`]
}

function fileDifferences(
  name: string,
  before: Uint8Array,
  after: Uint8Array,
  isReplayed: boolean,
): readonly string[] {
  const differences: string[] = []
  if (before.length !== after.length) {
    differences.push(`${name}: ${after.length} bytes instead of ${before.length}`)
  }
  const { isDataFile, segmentNumber } = classifyRelationFile(name)
  for (let at = 0, bytes = Math.min(before.length, after.length); at < bytes; at += PAGE_BYTES) {
    const end = Math.min(at + PAGE_BYTES, bytes)
    const one = before.subarray(at, end)
    const other = after.subarray(at, end)
    const block = at / PAGE_BYTES
    const where = `${name} block ${block}`
    if (Buffer.compare(one, other) === 0) continue
    if (!isDataFile) {
      differences.push(`${where}: ${describe(one, other)}`)
      continue
    }
    const blockNumber = segmentNumber * SEGMENT_BLOCKS + block
    const { verdict } = examinePage(other, { blockNumber, hasChecksums: true })
    if (verdict !== 'valid') differences.push(`${where}: ${verdict}`)
    const [expected, found] = [one, other].map((page) => hideUnlogged(page, { block, isReplayed }))
    if (expected !== undefined && found !== undefined && Buffer.compare(expected, found) !== 0) {
      differences.push(`${where}: ${describe(expected, found)}`)
    }
  }
  return differences
}

function describe(expected: Uint8Array, found: Uint8Array): string {
  const places: number[] = []
  for (let at = 0; at < expected.length; at++) if (expected[at] !== found[at]) places.push(at)
  const shown = places.slice(0, 8).map((at) => `${at}: ${found[at]} for ${expected[at]}`)
  return `${places.length} bytes differ (${shown.join(', ')})`
}
