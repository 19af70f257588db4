import type { IndexedSegmentRecord } from '../../api/contract/wal-index.ts'
import { EngineError } from '../../base/engine-error.ts'
import { type Command, type Context, EXIT } from '../context.ts'
import {
  listAccidents,
  listCommits,
  type Listing,
  listRestorePoints,
  listSegments,
} from '../finding-listing.ts'
import { followJob, reportEnd } from '../follow-job.ts'
import { formatJson } from '../json-text.ts'

const USUAL_LIMIT = 100

/** Reads the archived WAL and lists what was dropped, committed or named in it. */
export const find: Command = async (context) => {
  const { client, given, signal, world } = context
  const ref = given.requireInstance()
  refuseUnheard(given)
  const { job } = await client['wal.index.start'](ref, { signal })
  // The findings are in its log.
  const status = reportEnd(context, await followJob(context, job))
  if (status !== EXIT.success) return status

  const listing = await ask(context)
  if (listing.json.length === 0) {
    const { segmentCount } = await client['wal.index-status'](ref, { signal })
    const where =
      segmentCount === 1 ? 'the segment of WAL that was' : `the ${segmentCount} segments of WAL that were`
    context.log.info(
      segmentCount === 0
        ? `instance "${ref.instance}" has no WAL to look through: nothing is archived, and no backup has its own`
        : `nothing of that was found in ${where} read`,
    )
  }
  if (given.choice('format') === 'json') world.writeOut(formatJson([...listing.json]))
  else world.writeOut(listing.table)
  return EXIT.success
}

/** What can be said, but not of what is listed. */
const UNHEARD: Readonly<Record<string, readonly string[]>> = {
  commits: ['relation'],
  'restore-points': ['relation', 'xid', 'min-deleted', 'min-updated'],
  segments: ['relation', 'xid', 'min-deleted', 'min-updated'],
}

/** @throws {EngineError} `usage.invalid` for what would say that nothing is there, or be ignored */
function refuseUnheard(given: Context['given']): void {
  const what = given.choice('what') ?? 'accidents'
  const unheard = UNHEARD[what]?.find((long) => given.has(long))
  if (unheard !== undefined)
    throw new EngineError('usage.invalid', `--${unheard} does not narrow --what=${what}`, {
      hint: `Leave --${unheard} out, or look for ${unheard === 'relation' ? 'accidents' : 'commits'}.`,
    })
  const [from, to] = [given.moment('from'), given.moment('to')]
  if (from !== undefined && to !== undefined && Date.parse(from.iso) > Date.parse(to.iso))
    throw new EngineError('usage.invalid', `--from=${from.text} is later than --to=${to.text}`, {
      hint: 'Exchange them.',
    })
}

async function ask({ client, given, signal }: Context): Promise<Listing> {
  const ref = given.requireInstance()
  const what = given.choice('what') ?? 'accidents'
  const limit = given.integer('limit') ?? USUAL_LIMIT
  const [from, to] = [given.moment('from')?.text, given.moment('to')?.text]
  const timeline = given.integer('on-timeline')
  const xid = given.integer('xid')
  const minDeleted = given.integer('min-deleted')
  const minUpdated = given.integer('min-updated')
  const relation = given.text('relation')
  const range = {
    ...ref,
    limit,
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(timeline !== undefined && { timeline }),
  }
  const rows = {
    ...(xid !== undefined && { xid }),
    ...(minDeleted !== undefined && { minDeleted }),
    ...(minUpdated !== undefined && { minUpdated }),
  }
  switch (what) {
    case 'commits': {
      const { commits } = await client['wal.commits'](
        { ...range, ...rows, direction: 'backward' },
        { signal },
      )
      return listCommits(commits)
    }
    case 'restore-points':
      return listRestorePoints((await client['wal.restore-points'](range, { signal })).points)
    case 'segments':
      return listSegments(await latestSegments({ client, signal }, range))
    default: {
      const wanted = { ...range, ...rows, ...(relation !== undefined && relationOf(relation)) }
      return listAccidents((await client['wal.accidents'](wanted, { signal })).accidents.slice(0, limit))
    }
  }
}

const LARGEST_NUMBER = 0xffff_ffff

/** A number is that of a file, and all else a part of a name. */
function relationOf(text: string): { readonly relationNumber: number } | { readonly relationName: string } {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : 0
  return number > 0 && number <= LARGEST_NUMBER ? { relationNumber: number } : { relationName: text }
}

const MOST_IN_PAGE = 1000

/** As many as the range says, the latest first. */
async function latestSegments(
  { client, signal }: Pick<Context, 'client' | 'signal'>,
  range: Parameters<Context['client']['wal.segments']>[0] & { readonly limit: number },
): Promise<readonly IndexedSegmentRecord[]> {
  const found: IndexedSegmentRecord[] = []
  for (let after: string | undefined; ;) {
    const limit = Math.min(MOST_IN_PAGE, range.limit - found.length)
    const page = await client['wal.segments'](
      { ...range, direction: 'backward', limit, ...(after !== undefined && { after }) },
      { signal },
    )
    found.push(...page.segments)
    if (page.next === undefined || found.length >= range.limit) return found
    after = page.next
  }
}
