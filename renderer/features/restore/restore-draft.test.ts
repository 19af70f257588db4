import { describe, expect, test } from 'vitest'
import {
  canPlan,
  dataDirectoryOf,
  FRESH_DRAFT,
  mappingsOf,
  movedTo,
  QUIET_OPTIONS,
  requestOf,
  unchangedCount,
} from './restore-draft.ts'

const outside = {
  tablespaces: [{ oid: 16_500, from: '/srv/fast', to: '/srv/fast' }],
  externalDirs: [{ number: 1, from: '/etc/pg', to: '/etc/pg' }],
}

describe('a restore into a scratch directory', () => {
  test('puts everything below it, so that nothing that exists is touched', () => {
    expect(dataDirectoryOf(FRESH_DRAFT, '/tmp/s')).toBe('/tmp/s/data')
    expect(mappingsOf(FRESH_DRAFT, '/tmp/s', outside)).toEqual({
      tablespaceMapping: [{ from: '/srv/fast', to: '/tmp/s/tablespaces/16500' }],
      externalMapping: [{ from: '/etc/pg', to: '/tmp/s/external/1' }],
    })
  })

  test('keeps what was typed', () => {
    const draft = { ...FRESH_DRAFT, moved: { '/srv/fast': '/disk2/fast' } }
    expect(mappingsOf(draft, '/tmp/s', outside).tablespaceMapping).toEqual([
      { from: '/srv/fast', to: '/disk2/fast' },
    ])
  })
})

test('a restore into a named directory leaves the rest where it was', () => {
  const draft = { ...FRESH_DRAFT, place: 'directory', directory: ' /srv/new ' } as const
  expect(requestOf(draft, { catalog: '/c', instance: 'main', id: 'ABC' }, '/tmp/s', outside)).toEqual({
    catalog: '/c',
    instance: 'main',
    id: 'ABC',
    dataDirectory: '/srv/new',
    threads: 2,
    isValidated: true,
    tablespaceMapping: [{ from: '/srv/fast', to: '/srv/fast' }],
    externalMapping: [{ from: '/etc/pg', to: '/etc/pg' }],
  })
})

test('a backup that nobody chose is named only when all WAL was read', () => {
  const subject = { catalog: '/c', instance: 'main', id: 'ABC' }
  expect(requestOf(FRESH_DRAFT, subject, '/tmp/s', outside)).toHaveProperty('id', 'ABC')
  const estimated = requestOf(FRESH_DRAFT, { ...subject, isEstimated: true }, '/tmp/s', outside)
  expect(estimated).not.toHaveProperty('id')
  expect(estimated).not.toHaveProperty('isEstimated')
})

test('what is done at the target is said only when there is one', () => {
  const subject = { catalog: '/c', instance: 'main', id: 'ABC' }
  expect(requestOf(FRESH_DRAFT, subject, '/tmp/s', outside)).not.toHaveProperty('targetAction')
  const target = { kind: 'xid', xid: '741' } as const
  const request = requestOf(
    { ...FRESH_DRAFT, targetAction: 'promote' },
    { ...subject, target, isInclusive: false, targetTimeline: '2' },
    '/tmp/s',
    outside,
  )
  expect(request).toMatchObject({ target, isInclusive: false, targetTimeline: '2', targetAction: 'promote' })
})

describe('options', () => {
  const subject = { catalog: '/c', instance: 'main', id: 'ABC' }
  const draft = { ...FRESH_DRAFT, ...movedTo('in-place', '/srv/data') }

  test('in place are incremental from the start, elsewhere never', () => {
    expect(requestOf(draft, subject, '/tmp/s', outside)).toMatchObject({
      dataDirectory: '/srv/data',
      incrementalMode: 'checksum',
    })
    const scratch = { ...draft, place: 'scratch' } as const
    expect(requestOf(scratch, subject, '/tmp/s', outside)).not.toHaveProperty('incrementalMode')
    expect(movedTo('directory', '/x').incrementalMode).toBe('none')
  })

  test('of a partial restore destroy other databases only where that was said', () => {
    const partial = { ...draft, partial: 'exclude', databases: ['old'] } as const
    const request = requestOf(partial, subject, '/tmp/s', outside)
    expect(request).toMatchObject({ databases: { kind: 'exclude', names: ['old'] } })
    expect(request).not.toHaveProperty('destroysOtherDatabases')
    expect(
      requestOf({ ...partial, destroysOtherDatabases: true }, subject, '/tmp/s', outside),
    ).toHaveProperty('destroysOtherDatabases', true)
  })

  test('that are as usual are counted and left out', () => {
    expect(unchangedCount(FRESH_DRAFT)).toBe(QUIET_OPTIONS.length)
    const changed = { ...FRESH_DRAFT, isSynced: false, skipsExternal: true }
    expect(unchangedCount(changed)).toBe(QUIET_OPTIONS.length - 2)
    const request = requestOf(changed, subject, '/tmp/s', outside)
    expect(request).toMatchObject({ isSynced: false, skipsExternal: true })
    expect(request).not.toHaveProperty('externalMapping')
  })

  test('are enough for a plan when every path is absolute and a choice was made', () => {
    expect(canPlan(FRESH_DRAFT)).toBe(true)
    expect(canPlan({ ...FRESH_DRAFT, ...movedTo('directory', '') })).toBe(false)
    expect(canPlan({ ...FRESH_DRAFT, moved: { '/a': 'b' } })).toBe(false)
    expect(canPlan({ ...FRESH_DRAFT, partial: 'include' })).toBe(false)
    expect(canPlan({ ...FRESH_DRAFT, walDirectory: 'wal' })).toBe(false)
  })
})

test('what is in a directory is moved aside or kept where it is the same, never in a scratch directory', () => {
  const subject = { catalog: '/c', instance: 'main', id: 'ABC' }
  const draft = {
    ...FRESH_DRAFT,
    place: 'in-place',
    directory: '/srv/data',
    incrementalMode: 'checksum',
  } as const
  const asked = (changes: Partial<typeof FRESH_DRAFT>) => {
    const { movesAside, incrementalMode } = requestOf({ ...draft, ...changes }, subject, '/tmp/s', outside)
    return [movesAside, incrementalMode]
  }
  expect(asked({})).toEqual([undefined, 'checksum'])
  expect(asked({ movesAside: true })).toEqual([true, undefined])
  expect(asked({ place: 'scratch', movesAside: true })).toEqual([undefined, undefined])
  expect(movedTo('in-place', '/srv/data')).toMatchObject({ movesAside: false })
})

test('WAL is copied or fetched by a command, which is one option', () => {
  const subject = { catalog: '/c', instance: 'main', id: 'ABC' }
  const copied = { ...FRESH_DRAFT, copiesWal: true, restoreCommand: 'cp %f %p' }
  expect(unchangedCount(copied)).toBe(QUIET_OPTIONS.length - 1)
  expect(unchangedCount({ ...copied, restoreCommand: '' })).toBe(QUIET_OPTIONS.length - 1)
  const request = requestOf(copied, subject, '/tmp/s', outside)
  expect(request).toMatchObject({ copiesWal: true })
  expect(request).not.toHaveProperty('restoreCommand')
  expect(requestOf({ ...copied, copiesWal: false }, subject, '/tmp/s', outside)).toMatchObject({
    restoreCommand: 'cp %f %p',
  })
})
