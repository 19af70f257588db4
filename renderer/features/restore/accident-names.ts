import type { AccidentRecord, RelationRecord } from '../../../engine/api/contract/wal-index.ts'
import type { Say } from '../../lib/i18n.ts'

const MOST_SHOWN = 4

/**
 * What an accident took away, by the names of tables as a backup has them, each once: its indexes and long values belong to
 * it. `≈` marks what only follows from a rewrite. Without a name it is database and number of the file, `5/16400`.
 */
export function relationWords(accident: AccidentRecord): string {
  const { relations, databases, databaseNames = [], truncatedOids, databaseOid } = accident
  // The same tables by their OIDs, which no backup is asked for.
  const truncated = relations.some(({ name }) => name !== undefined) ? [] : truncatedOids
  const words = new Set([
    ...relations.filter(({ name }) => name !== undefined).map((one) => nameWords(one, databaseNames)),
    ...relations.filter(({ name }) => name === undefined).map((one) => nameWords(one, databaseNames)),
    ...truncated.map((oid) => `${databaseOid ?? '?'}/${oid}`),
    ...databases.map((oid) => databaseNames.find((one) => one.oid === oid)?.name ?? String(oid)),
  ])
  const shown = [...words].slice(0, MOST_SHOWN).join(' ')
  return words.size > MOST_SHOWN ? `${shown} +${words.size - MOST_SHOWN}` : shown
}

/** Why there are numbers among the names; undefined when there are none. */
export function problemWords(say: Say, { namesProblem }: AccidentRecord): string | undefined {
  const values = { backup: '', message: '', ...namesProblem?.values }
  switch (namesProblem?.code) {
    case undefined:
      return undefined
    case 'names.no-backup':
      return say('accident.no-backup')
    case 'names.not-in-backup':
      return say('accident.not-in-backup', values)
    default:
      return say('accident.names-unreadable', values)
  }
}

/** What is searched by: a number of a file, or a part of a name. */
export function relationWish(
  text: string,
): { readonly relationNumber: number } | { readonly relationName: string } | undefined {
  const wanted = text.trim()
  if (wanted === '') return undefined
  const number = /^\d{1,10}$/.test(wanted) ? Number(wanted) : 0
  return number > 0 && number <= LARGEST ? { relationNumber: number } : { relationName: wanted }
}

/** Longer ones are not taken. */
export const LONGEST_NAME = 200
const LARGEST = 0xffff_ffff

function nameWords(
  { name, databaseOid, relationNumber }: RelationRecord,
  databases: NonNullable<AccidentRecord['databaseNames']>,
): string {
  if (name === undefined)
    return `${databases.find(({ oid }) => oid === databaseOid)?.name ?? databaseOid}/${relationNumber}`
  const { schema, relation } = name.owner ?? name
  const full = [...(name.database === undefined ? [] : [name.database]), schema, relation].join('.')
  return name.isInferred ? `≈ ${full}` : full
}
