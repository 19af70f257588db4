import { describe, expect, test } from 'vitest'
import { parseLsn } from '../base/lsn.ts'
import { madeBackup } from '../testing/made-catalog.ts'
import { fromTo, madeWalArchive } from '../testing/made-wal-archive.ts'
import type { Backup } from './backup.ts'
import { checkPromise } from './retention-promise.ts'
import type { WalArchive } from './wal-archive.ts'

const NONE = madeWalArchive({})
const made = (
  name: string,
  at: number,
  segment: number,
  given: Parameters<typeof madeBackup>[1] = {},
): Backup =>
  madeBackup(name, {
    recoverySeconds: at,
    startLsn: parseLsn(`0/${segment}00028`),
    stopLsn: parseLsn(`0/${segment}00100`),
    ...given,
  })
const of = (backups: readonly Backup[], archive: WalArchive = NONE) => ({
  backups,
  archive,
  times: [],
  defects: [],
})

const OLD = made('A1', 1000, 2)
const NEW = made('B1', 5000, 5)
const DAMAGED = made('B2', 6000, 6, { status: 'CORRUPT' })

describe('the promise', () => {
  test('is kept by a plan that leaves a backup at the beginning of the window', () => {
    expect(checkPromise(of([NEW, OLD]), of([NEW]), 5000)).toMatchObject({
      broken: [],
      before: 1000,
      after: 5000,
    })
    expect(checkPromise(of([NEW, OLD]), of([NEW]), undefined).broken).toEqual([])
  })

  test('is broken by a plan that leaves nothing to restore', () => {
    expect(checkPromise(of([DAMAGED, OLD]), of([DAMAGED]), undefined).broken).toEqual(['no-backup'])
    expect(checkPromise(of([OLD]), of([]), 0).broken).toEqual(['no-backup'])
    expect(checkPromise(of([DAMAGED]), of([]), undefined).broken).toEqual(['no-backup'])
  })

  test('is broken by a plan that lets the past begin after the window', () => {
    expect(checkPromise(of([NEW, OLD]), of([NEW]), 4999).broken).toEqual(['below-window'])
  })

  test('is not broken by what was so before, nor by a plan that changes nothing', () => {
    const late = made('B3', 7000, 7)
    expect(checkPromise(of([late, NEW]), of([late, NEW]), 1).broken).toEqual([])
    const same = of([DAMAGED])
    expect(checkPromise(same, same, 1).broken).toEqual([])
  })

  test('looks at the WAL that backups through the archive need', () => {
    const archived = made('B1', 5000, 5, { isStream: false })
    const before = of([archived, OLD], madeWalArchive({ 1: { segments: fromTo(2, 8) } }))
    const kept = of([archived], madeWalArchive({ 1: { segments: fromTo(5, 8) } }))
    const stranded = of([archived], madeWalArchive({ 1: { segments: fromTo(6, 8) } }))
    expect(checkPromise(before, kept, undefined)).toMatchObject({ broken: [], strandedIds: [] })
    expect(checkPromise(before, stranded, undefined)).toMatchObject({
      broken: ['no-backup'],
      strandedIds: ['B1'],
    })
  })

  test('trusts backups whose WAL is archived elsewhere', () => {
    const archived = made('B1', 5000, 5, { isStream: false })
    expect(checkPromise(of([archived, OLD]), of([archived]), undefined).broken).toEqual([])
  })

  test('says what can no longer be reached', () => {
    const archive = madeWalArchive({ 1: { segments: fromTo(2, 8) } })
    const { lostSpans } = checkPromise(of([NEW, OLD], archive), of([NEW], archive), undefined)
    expect(lostSpans).toMatchObject([{ timeline: 1, from: parseLsn('0/200100'), to: parseLsn('0/500100') }])
  })
})
