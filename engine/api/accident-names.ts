import { EngineError } from '../base/engine-error.ts'
import { type Lsn, parseLsn } from '../base/lsn.ts'
import type { Timeline } from '../base/wal-segment.ts'
import type { Backup } from '../catalog/backup.ts'
import { backupsAround } from '../catalog/backups-around.ts'
import { readInventory } from '../catalog/inventory.ts'
import { timelineTree } from '../catalog/recovery-timelines.ts'
import { readWalArchive } from '../catalog/wal-archive.ts'
import type { RelationStorage } from '../format/wal-transactions.ts'
import type { FoundEvent, WalIndexReader } from '../wal-index/queries.ts'
import { inferredNames, keyOf } from './inferred-names.ts'
import type { BackupNames } from './backup-names.ts'
import type { InstanceRef, Sentence } from './contract/values.ts'
import type { AccidentRecord, RelationNameRecord } from './contract/wal-index.ts'

/** Gives accidents the names of what they took away. */
export type AccidentNamer = AsyncDisposable & {
  /** What no backup tells is left without a name, and why is said; fails only when the call is cancelled. */
  name(accident: AccidentRecord): Promise<AccidentRecord>
}

type Moment = { readonly timeline: Timeline; readonly lsn: Lsn }
type Answer = { readonly name: RelationNameRecord | undefined; readonly problem: Sentence | undefined }

/** Backups before an accident that are tried when one cannot be read. */
const MOST_TRIED = 3
/** Rewrites of one relation that are followed back from one to the one before. */
const MOST_REWRITES = 20
/** Of one index; those that are looked at for what was rewritten. */
const MOST_EVENTS = 20_000

/** @throws {EngineError} `catalog.not-found`, `instance.not-found`, `storage.*` */
export async function openAccidentNamer(
  { names, reader }: { readonly names: BackupNames; readonly reader: WalIndexReader },
  { catalog, instance, segmentBytes }: InstanceRef & { readonly segmentBytes: number },
  call: { readonly signal: AbortSignal },
): Promise<AccidentNamer> {
  const inventory = await readInventory(catalog, instance, call)
  const archive = await readWalArchive(catalog, instance, segmentBytes, call)
  const tree = timelineTree({ backups: inventory.backups, archive })
  const source = names.forCall(inventory, call)
  let rewrites: ReadonlyMap<string, readonly FoundEvent[]> | undefined

  return {
    async name(accident) {
      const moment = { timeline: accident.timeline, lsn: parseLsn(accident.lsn) }
      const relations = []
      let namesProblem: Sentence | undefined
      for (const relation of accident.relations) {
        call.signal.throwIfAborted()
        const { name, problem } = await nameFile(relation, moment, 0)
        relations.push(name === undefined ? relation : { ...relation, name })
        namesProblem ??= problem
      }
      // A file without a name is at least one of a database that may have one.
      const owners = relations.flatMap(({ name, databaseOid }) =>
        name === undefined && databaseOid !== SHARED ? [databaseOid] : [],
      )
      const databases = await nameDatabases([...new Set([...accident.databases, ...owners])], moment)
      namesProblem ??= databases.problem
      return {
        ...accident,
        relations,
        ...(databases.names.length > 0 && { databaseNames: databases.names }),
        ...(namesProblem !== undefined && { namesProblem }),
      }
    },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  }

  /** The backup before tells what was there; the one after may still have rows of what was made and gone in between. */
  async function nameFile(file: RelationStorage, moment: Moment, rewriteCount: number): Promise<Answer> {
    const { before, after } = backupsAround(inventory, tree, moment)
    let problem: Sentence | undefined
    for (const backup of before.slice(0, MOST_TRIED)) {
      const found = await nameIn(backup, file)
      if (found.name !== undefined) return found
      problem ??= found.problem
      if (found.problem?.code !== UNREADABLE) break
    }
    const [next] = after
    const later = next && (await nameIn(next, file))
    if (later?.name !== undefined) return later
    const inferred = rewriteCount < MOST_REWRITES ? await infer(file, moment, rewriteCount) : undefined
    if (inferred !== undefined) return { name: inferred, problem: undefined }
    return { name: undefined, problem: problem ?? later?.problem ?? { code: 'names.no-backup', values: {} } }
  }

  async function nameIn(backup: Backup, file: RelationStorage): Promise<Answer> {
    try {
      const { database, relations } = await source.read(backup, file.databaseOid)
      const found = relations?.find(file)
      if (found === undefined)
        return { name: undefined, problem: { code: NOT_IN_BACKUP, values: { backup: backup.id } } }
      const name = { database: database?.name, ...found, isInferred: false, backupId: backup.id }
      return { name, problem: undefined }
    } catch (thrown) {
      return { name: undefined, problem: unreadable(backup, thrown) }
    }
  }

  async function nameDatabases(oids: readonly number[], moment: Moment) {
    const found: { readonly oid: number; readonly name: string }[] = []
    if (oids.length === 0) return { names: found, problem: undefined }
    let problem: Sentence | undefined
    const { before, after } = backupsAround(inventory, tree, moment)
    for (const backup of [...before.slice(0, MOST_TRIED), ...after.slice(0, 1)]) {
      try {
        const databases = await source.databases(backup)
        for (const oid of oids) {
          const name = databases.get(oid)?.name
          if (name !== undefined && !found.some((one) => one.oid === oid)) found.push({ oid, name })
        }
        if (found.length === oids.length) return { names: found, problem: undefined }
        problem ??= { code: NOT_IN_BACKUP, values: { backup: backup.id } }
      } catch (thrown) {
        problem ??= unreadable(backup, thrown)
      }
    }
    return { names: found, problem: problem ?? { code: 'names.no-backup', values: {} } }
  }

  /** A file that a transaction made while it took away all files of one relation, and as many. */
  async function infer(
    file: RelationStorage,
    moment: Moment,
    rewriteCount: number,
  ): Promise<RelationNameRecord | undefined> {
    rewrites ??= rewritesOf(reader)
    const event = rewrites
      .get(keyOf(file))
      ?.find((one) => one.timeline === moment.timeline && one.event.lsn < moment.lsn)?.event
    if (event?.kind !== 'loss') return undefined
    const { relations, count, created = [], createdCount } = event.loss
    if (count !== relations.length || createdCount !== count) return undefined
    const then = { timeline: moment.timeline, lsn: event.lsn }
    const old: RelationNameRecord[] = []
    for (const one of relations) {
      call.signal.throwIfAborted()
      const { name } = await nameFile(one, then, rewriteCount + 1)
      if (name === undefined) return undefined
      old.push(name)
    }
    return inferredNames(old, created).get(keyOf(file))
  }

  function unreadable(backup: Backup, thrown: unknown): Sentence {
    call.signal.throwIfAborted()
    if (!(thrown instanceof EngineError)) throw thrown
    return { code: UNREADABLE, values: { backup: backup.id, message: thrown.message } }
  }
}

/** Of what belongs to no database. */
const SHARED = 0
const UNREADABLE = 'names.unreadable'
const NOT_IN_BACKUP = 'names.not-in-backup'

function rewritesOf(reader: WalIndexReader): ReadonlyMap<string, readonly FoundEvent[]> {
  const made = new Map<string, FoundEvent[]>()
  const isRewrite = (event: FoundEvent['event']): boolean =>
    event.kind === 'loss' && event.loss.created !== undefined
  for (const found of reader.events(['loss'], { limit: MOST_EVENTS }, isRewrite)) {
    if (found.event.kind !== 'loss') continue
    for (const file of found.event.loss.created ?? []) {
      const events = made.get(keyOf(file))
      if (events === undefined) made.set(keyOf(file), [found])
      else events.push(found)
    }
  }
  return made
}
