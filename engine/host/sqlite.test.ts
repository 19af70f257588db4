import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { scratchDirectory } from '../testing/scratch.ts'
import { openSqlite } from './sqlite.ts'

const prepare = (database: DatabaseSync): void =>
  database.exec('create table if not exists thing (name text primary key) strict')

describe('a database', () => {
  test('outlives who opened it', async () => {
    await using scratch = await scratchDirectory('sqlite')
    const file = path.join(scratch.path, 'things.sqlite')
    const first = openSqlite(file, 'delete', prepare)
    first.exec("insert into thing values ('one')")
    first.close()
    const second = openSqlite(file, 'delete', prepare)
    expect(second.prepare('select name from thing').all()).toEqual([{ name: 'one' }])
    second.close()
  })

  test.each([
    ['set-aside', ['things.sqlite', 'things.sqlite.damaged']],
    ['delete', ['things.sqlite']],
  ] as const)('that is damaged is made anew: %s', async (onDamage, left) => {
    await using scratch = await scratchDirectory('sqlite')
    const file = path.join(scratch.path, 'things.sqlite')
    writeFileSync(file, 'no database at all, and long enough to be taken for one. '.repeat(40))
    const database = openSqlite(file, onDamage, prepare)
    expect(database.prepare('select name from thing').all()).toEqual([])
    database.close()
    expect(readdirSync(scratch.path).toSorted()).toEqual(left)
    if (onDamage === 'set-aside') expect(readFileSync(`${file}.damaged`, 'utf8')).toMatch(/^no database/)
  })

  test('that cannot be prepared for another reason is left as it is', async () => {
    await using scratch = await scratchDirectory('sqlite')
    const file = path.join(scratch.path, 'things.sqlite')
    openSqlite(file, 'delete', prepare).close()
    const before = readFileSync(file)
    const open = () => openSqlite(file, 'delete', (database) => database.exec('select * from absent'))
    expect(open).toThrow('no such table')
    expect(readFileSync(file)).toEqual(before)
  })
})
