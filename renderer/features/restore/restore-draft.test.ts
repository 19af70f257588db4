import { describe, expect, test } from 'vitest'
import { dataDirectoryOf, FRESH_DRAFT, mappingsOf, requestOf } from './restore-draft.ts'

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
