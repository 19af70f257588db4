import { expect, test } from 'vitest'
import { findInPasswordFile } from './pgpass.ts'

const wanted = { host: 'db-a', port: 5432, user: 'backup', database: 'postgres' }

test.each([
  ['db-a:5432:postgres:backup:secret', 'secret'],
  ['*:*:*:*:any', 'any'],
  ['db-b:5432:postgres:backup:other\ndb-a:*:*:backup:mine', 'mine'],
  ['# db-a:5432:postgres:backup:commented', undefined],
  [String.raw`db-a:5432:postgres:backup:with\:colon\\and`, String.raw`with:colon\and`],
  ['db-a:5433:postgres:backup:wrong port', undefined],
  ['too:few:fields', undefined],
])('%j gives %s', (text, password) => {
  expect(findInPasswordFile(text, wanted)).toBe(password)
})

test('a socket is looked up as localhost', () => {
  expect(findInPasswordFile('localhost:5432:*:backup:s', { ...wanted, host: '/var/run/postgresql' })).toBe(
    's',
  )
})
