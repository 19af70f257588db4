import type { AccidentRecord, RelationNameRecord, RelationRecord } from '../api/contract/wal-index.ts'
import type { Sentence } from '../api/contract/values.ts'

const MOST_SHOWN = 4

/**
 * What an accident took away: `table shop.public.ledger (with 2 indexes, TOAST)`, and by database and number of the file
 * what no backup has a name for: `16385/16411`.
 */
export function accidentSubject({
  kind,
  relations,
  databases,
  databaseNames,
  count,
}: AccidentRecord): string {
  if (kind === 'update' || kind === 'commit' || kind === 'abort') return ''
  if (databases.length > 0) {
    const names = databases.map((oid) => {
      const known = databaseNames?.find((one) => one.oid === oid)
      return known === undefined ? `database ${oid}` : `database ${quoted(known.name)} (${oid})`
    })
    return joined(names.slice(0, MOST_SHOWN), count - Math.min(MOST_SHOWN, names.length))
  }
  const groups = groupsOf(relations)
  const shown = groups.slice(0, MOST_SHOWN)
  const shownCount = shown.reduce((sum, group) => sum + group.length, 0)
  const total = kind === 'delete' ? relations.length : count
  return joined(
    shown.map((group) => groupText(group, databaseNames ?? [])),
    total - shownCount,
  )
}

/** Why there are numbers among the names. */
export function namesProblemText({ code, values }: Sentence): string {
  switch (code) {
    case 'names.no-backup':
      return 'no usable backup from before it has names for them'
    case 'names.not-in-backup':
      return `not in backup ${values['backup']}`
    default:
      return `names cannot be read from backup ${values['backup']}: ${visible(String(values['message']))}`
  }
}

function joined(names: readonly string[], more: number): string {
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** What belongs to one table stands together; tables go first, and what has no name last. */
function groupsOf(relations: readonly RelationRecord[]): readonly (readonly RelationRecord[])[] {
  const groups = new Map<string, RelationRecord[]>()
  for (const relation of relations) {
    const { name, databaseOid, relationNumber } = relation
    const { schema, relation: table } = name?.owner ?? name ?? {}
    const key = JSON.stringify([databaseOid, schema, table, name === undefined ? relationNumber : 0])
    groups.set(key, [...(groups.get(key) ?? []), relation])
  }
  const rank = (group: readonly RelationRecord[]): number =>
    group.every(({ name }) => name === undefined) ? 2 : headOf(group)?.name?.owner === undefined ? 0 : 1
  return [...groups.values()].toSorted((a, b) => rank(a) - rank(b))
}

function headOf(group: readonly RelationRecord[]): RelationRecord | undefined {
  return group.find(({ name }) => name?.owner === undefined) ?? group[0]
}

const KINDS: Readonly<Record<RelationNameRecord['kind'], string>> = {
  table: 'table',
  'materialized-view': 'materialized view',
  sequence: 'sequence',
  index: 'index',
  toast: 'TOAST',
  'toast-index': 'TOAST index',
  part: 'part',
}

/** By its name, else by the number of its file in its database. */
function groupText(
  group: readonly RelationRecord[],
  databases: NonNullable<AccidentRecord['databaseNames']>,
): string {
  const head = headOf(group)
  const name = head?.name
  if (head === undefined || name === undefined)
    return group
      .map(({ databaseOid, relationNumber }) => {
        const database = databases.find(({ oid }) => oid === databaseOid)?.name
        return `${database === undefined ? databaseOid : quoted(database)}/${relationNumber}`
      })
      .join(', ')
  const notes = [
    withText(group.filter((one) => one !== head)),
    name.otherNames.length === 0
      ? ''
      : `also called ${name.otherNames.map((one) => quotedName(one)).join(', ')}`,
  ].filter((note) => note !== '')
  const of = name.owner === undefined ? '' : ` of ${quotedName(name.owner)}`
  const full = `${KINDS[name.kind]} ${name.database === undefined ? '' : `${quoted(name.database)}.`}${quotedName(name)}${of}`
  const probably = name.isInferred ? 'probably ' : ''
  return `${probably}${full}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`
}

function withText(others: readonly RelationRecord[]): string {
  const countOf = (kind: RelationNameRecord['kind']): number =>
    others.filter(({ name }) => name?.kind === kind).length
  const indexes = countOf('index')
  const parts = countOf('part')
  const words = [
    indexes === 0 ? '' : indexes === 1 ? '1 index' : `${indexes} indexes`,
    countOf('toast') + countOf('toast-index') === 0 ? '' : 'TOAST',
    parts === 0 ? '' : parts === 1 ? '1 file more' : `${parts} files more`,
  ].filter((word) => word !== '')
  return words.length === 0 ? '' : `with ${words.join(', ')}`
}

function quotedName({ schema, relation }: { readonly schema: string; readonly relation: string }): string {
  return `${quoted(schema)}.${quoted(relation)}`
}

const PLAIN = /^[\p{Ll}\p{Lo}_][\p{Ll}\p{Lo}\p{N}_$]*$/u

/** As it is to be written in SQL, but for what would change what the terminal shows. */
function quoted(name: string): string {
  return PLAIN.test(name) ? name : `"${visible(name.replaceAll('"', '""'))}"`
}

function visible(text: string): string {
  return text.replaceAll(
    /\p{C}/gu,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
}
