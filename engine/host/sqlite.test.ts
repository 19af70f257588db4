import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { scratchDirectory } from '../testing/scratch.ts'
import { mountTinyDisk, whyNoTinyDisk } from '../testing/tiny-disk.ts'
import { mapSqliteError, openSqlite } from './sqlite.ts'

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

/** What SQLite throws. Source: SQLite `sqlite3.h`, extended result codes. */
function sqliteError(errcode: number): Error {
  return Object.assign(new Error('disk I/O error'), { errcode })
}

/** `SQLITE_IOERR_TRUNCATE`, `SQLITE_IOERR_FSYNC`, `SQLITE_IOERR_SHMOPEN` */
const IO_ERRORS = [1546, 1034, 4618]

describe('an error of SQLite that does not say what the system said', () => {
  test.each(IO_ERRORS)('is of the disk where there is room: %i', async (code) => {
    await using scratch = await scratchDirectory('sqlite')
    const file = path.join(scratch.path, 'things.sqlite')
    expect(mapSqliteError(sqliteError(code), file)).toMatchObject({ code: 'storage.failed' })
    expect(mapSqliteError(sqliteError(14), file)).toMatchObject({ code: 'storage.denied' })
  })

  test('is of the disk where nothing can be asked', () => {
    expect(mapSqliteError(sqliteError(1546), '/nowhere/at all/x.sqlite')).toMatchObject({
      code: 'storage.failed',
    })
  })

  const whyNot = whyNoTinyDisk()
  describe.skipIf(whyNot !== '')(`on a small disk${whyNot}`, () => {
    test.each(IO_ERRORS)('means that it is full when it is: %i', async (code) => {
      await using scratch = await scratchDirectory('sqlite')
      await using disk = mountTinyDisk(path.join(scratch.path, 'disk'), { bytes: 1 << 20 })
      const file = path.join(disk.path, 'things.sqlite')
      await disk.fill(0)
      expect(mapSqliteError(sqliteError(code), file)).toMatchObject({ code: 'storage.full' })
      disk.empty()
      expect(mapSqliteError(sqliteError(code), file)).toMatchObject({ code: 'storage.failed' })
    })

    test('which has room for no other file, means that as well', async () => {
      await using scratch = await scratchDirectory('sqlite')
      // Its own directory and the database: the log has no place.
      await using disk = mountTinyDisk(path.join(scratch.path, 'disk'), { bytes: 1 << 20, files: 2 })
      const file = path.join(disk.path, 'things.sqlite')
      let thrown: unknown
      try {
        openSqlite(file, 'delete', prepare).close()
      } catch (caught) {
        thrown = mapSqliteError(caught, file)
      }
      expect(thrown).toMatchObject({ code: 'storage.full' })
    })
  })
})
