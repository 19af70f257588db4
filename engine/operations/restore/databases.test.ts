import { describe, expect, test } from 'vitest'
import type { EngineError } from '../../base/engine-error.ts'
import { type DatabaseChoice, excludedDatabases } from './databases.ts'

const MAP = [
  { oid: 5, name: 'postgres' },
  { oid: 16400, name: 'shop' },
  { oid: 16500, name: 'old' },
]
const excluded = (kind: DatabaseChoice['kind'], ...names: readonly string[]) =>
  excludedDatabases({ kind, names }, MAP).map(({ oid }) => oid)

function failureOf(work: () => unknown): EngineError {
  try {
    work()
  } catch (thrown) {
    return thrown as EngineError
  }
  throw new Error('nothing was thrown')
}

describe('a choice of databases', () => {
  test('leaves out what is named, or what is not', () => {
    expect(excluded('exclude', 'old')).toEqual([16500])
    expect(excluded('include', 'shop')).toEqual([5, 16500])
    expect(excluded('include', 'shop', 'postgres')).toEqual([16500])
    expect(excludedDatabases(undefined, undefined)).toEqual([])
  })

  test.each<readonly [string, () => unknown]>([
    ['of a backup without a map', () => excludedDatabases({ kind: 'include', names: ['shop'] }, undefined)],
    ['of a backup with an empty map', () => excludedDatabases({ kind: 'include', names: ['shop'] }, [])],
    ['with an unknown name', () => excluded('exclude', 'old', 'shpo')],
    ['of a template, which is always restored', () => excluded('exclude', 'template1')],
    ['that leaves none out', () => excluded('include', 'shop', 'postgres', 'old')],
  ])('%s is refused', (_, work) => {
    expect(failureOf(work)).toMatchObject({ code: 'plan.refused', hint: expect.any(String) })
  })
})
