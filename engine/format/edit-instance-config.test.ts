import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { editedText, editInstanceConfig } from './edit-instance-config.ts'
import {
  CONFIG_KEYS,
  formatInstanceConfig,
  type InstanceConfig,
  parseInstanceConfig,
} from './instance-config.ts'

const change = (text: string, changes: Readonly<Record<string, string | undefined>>): string => {
  const values = Object.entries({ ...parseInstanceConfig(text).values, ...changes })
  const kept = values.filter((entry): entry is [string, string] => entry[1] !== undefined)
  return editedText(editInstanceConfig(text, { values: Object.fromEntries(kept) }))
}

/** Written by hand: comments, a key of another tool, one that stands there twice, an order of its own. */
const BY_HAND = `# Owner: ann, since 2024
# Backup instance information
pgdata = /srv/pg # moved in May
enable-dss = false

# Retention parameters
# two weeks, as agreed with audit
retention-window = 14
retention-redundancy = 1
retention-redundancy = 2
`

describe('changing a pg_probackup.conf', () => {
  test('leaves comments, keys that it does not know and everything that stays', () => {
    expect(change(BY_HAND, { 'retention-window': '30', pgdata: '/srv/new pg', 'archive-timeout': '600' }))
      .toBe(`# Owner: ann, since 2024
# Backup instance information
pgdata = '/srv/new pg' # moved in May
# Archive parameters
archive-timeout = 10min
enable-dss = false

# Retention parameters
# two weeks, as agreed with audit
retention-window = 30
retention-redundancy = 1
retention-redundancy = 2
`)
  })

  test('of a key that stands there twice leaves one', () => {
    const changed = change(BY_HAND, { 'retention-redundancy': '5' })
    expect(changed.match(/retention-redundancy = .*/g)).toEqual(['retention-redundancy = 5'])
    expect(change(BY_HAND, { 'retention-redundancy': undefined })).not.toContain('retention-redundancy')
  })

  test('takes the comment of a group out with its last key, but no comment that a person wrote', () => {
    const text = '# Archive parameters\narchive-timeout = 2min\n# Retention parameters\nwal-depth = 3\n'
    expect(change(text, { 'archive-timeout': undefined })).toBe('# Retention parameters\nwal-depth = 3\n')
    const kept = change(BY_HAND, { 'retention-window': undefined, 'retention-redundancy': undefined })
    expect(kept).toContain('# two weeks, as agreed with audit')
  })

  test('says line by line what it does', () => {
    const edits = editInstanceConfig('# Archive parameters\narchive-timeout = 2min\n', {
      values: { 'archive-timeout': '60', 'archive-host': 'walhost' },
    })
    expect(edits).toEqual([
      { kind: 'same', text: '# Archive parameters' },
      { kind: 'gone', text: 'archive-timeout = 2min' },
      { kind: 'new', text: 'archive-timeout = 1min' },
      { kind: 'new', text: 'archive-host = walhost' },
    ])
  })

  const config = fc
    .uniqueArray(fc.constantFrom(...CONFIG_KEYS.filter(({ isStored }) => isStored)), { maxLength: 40 })
    .chain((rows) =>
      fc.tuple(...rows.map(({ key, value: kind }) => fc.tuple(fc.constant(key), valueOf(kind)))),
    )
    .map((entries): InstanceConfig => ({ values: Object.fromEntries(entries) }))

  test('of a file as the tools write it makes again one as they write it', () => {
    fc.assert(
      fc.property(config, config, (from, to) => {
        const text = formatInstanceConfig(from)
        expect(editedText(editInstanceConfig(text, to))).toBe(formatInstanceConfig(to))
      }),
    )
  })

  test('of any file makes one that says what was wanted, and loses no other line', () => {
    const strange = fc.constantFrom(
      '# by hand',
      'vgname = +data',
      '',
      '# Archive parameters',
      'x-y = 1 # why',
    )
    fc.assert(
      fc.property(
        config,
        config,
        fc.array(strange),
        fc.infiniteStream(fc.nat()),
        (from, to, extra, places) => {
          const lines = formatInstanceConfig(from).split('\n').slice(0, -1)
          for (const line of extra) lines.splice(Number(places.next().value) % (lines.length + 1), 0, line)
          const text = lines.map((line) => `${line}\n`).join('')
          const after = editedText(editInstanceConfig(text, to))
          expect(parseInstanceConfig(after).values).toEqual(to.values)
          for (const line of ['# by hand', 'vgname = +data', 'x-y = 1 # why'])
            expect(count(after, line)).toBe(count(text, line))
          expect(editedText(editInstanceConfig(after, to))).toBe(after)
        },
      ),
    )
  })
})

type Kind = (typeof CONFIG_KEYS)[number]['value']

function valueOf(kind: Kind): fc.Arbitrary<string> {
  switch (kind.kind) {
    case 'text':
      return fc.constantFrom('a', '/with a space', "it's", '/a#b', 'none')
    case 'choice':
      return fc.constantFrom(...kind.words)
    case 'number':
      return fc.bigInt({ min: 0n, max: kind.most }).map(String)
  }
}

function count(text: string, line: string): number {
  return text.split('\n').filter((one) => one === line).length
}
