import { expect, test } from 'vitest'
import { formatDatabaseMap, parseDatabaseMap } from './database-map.ts'

test('a database map holds every database but the templates and those it cannot say', () => {
  const text = formatDatabaseMap([
    { oid: 1, name: 'template1' },
    { oid: 4, name: 'template0' },
    { oid: 5, name: 'postgres' },
    { oid: 16385, name: 'Café de la gare' },
    { oid: 16386, name: 'a,b' },
    { oid: 16387, name: 'a"b' },
    { oid: 16388, name: 'a\nb' },
  ])
  expect(text).toBe('{"dbOid":"5", "datname":"postgres"}\n{"dbOid":"16385", "datname":"Café de la gare"}\n')
  expect(parseDatabaseMap(text)).toEqual([
    { oid: 5, name: 'postgres' },
    { oid: 16385, name: 'Café de la gare' },
  ])
})

test('a database map that others wrote may hold commas and quotes', () => {
  expect(parseDatabaseMap('{"dbOid":"7", "datname":"a,"b"}\n')).toEqual([{ oid: 7, name: 'a,"b' }])
  expect(() => parseDatabaseMap('\n{"dbOid":"7"}\n')).toThrow('line 2')
})
