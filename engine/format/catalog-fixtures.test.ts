import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { inflateSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatLsn } from '../base/lsn.ts'
import { openCompression } from '../compression/compression.ts'
import { type FixtureName, unpackFixture, whyNoFixture } from '../testing/fixtures.ts'
import { formatBackupControl, parseBackupControl } from './backup-control.ts'
import { type ContentEntry, formatContentList, parseContentList } from './content-list.ts'
import {
  CONFIG_KEYS,
  formatConfigValue,
  formatInstanceConfig,
  parseInstanceConfig,
} from './instance-config.ts'
import { crc32c } from './crc32c.ts'
import { formatDatabaseMap, parseDatabaseMap } from './database-map.ts'
import { classifyRelationFile } from './file-names.ts'
import { decodeHeaderTable, encodeHeaderTable, headerTableEnd } from './header-map.ts'
import { storedBlocks } from './page-blocks.ts'
import { decodePageHeader, examinePage, PAGE_BYTES, SEGMENT_BLOCKS } from './page-header.ts'
import { formatTablespaceMap, parseTablespaceMap } from './tablespace-map.ts'

/** What `backup_content.control` says and what is stored, for every backup of a catalog that the reference tool wrote. */
const EXPECTED = {
  'probackup-pg15-zlib16': { backups: ['TOTUFL', 'TOTUFW', 'TOTUG6', 'TOTUG8'], algorithm: 'zlib' },
  'probackup-pg15-plain1': { backups: ['TOTUGH', 'TOTUGR', 'TOTUH1', 'TOTUH3'], algorithm: 'none' },
} as const

/** Pages stored in the four backups together: the same story in both catalogs. */
const STORED_PAGES = 6815
const S_IFMT = 0o170000
const S_IFREG = 0o100000

describe.each(Object.keys(EXPECTED) as (keyof typeof EXPECTED & FixtureName)[])('the catalog %s', (name) => {
  const missing = whyNoFixture(name)
  let fixture: Awaited<ReturnType<typeof unpackFixture>> | undefined
  let instance = ''

  beforeAll(async () => {
    if (missing !== '') return
    fixture = await unpackFixture(name)
    instance = path.join(fixture.dir, 'catalog', 'backups', 'main')
  }, 60_000)
  afterAll(async () => {
    await fixture?.[Symbol.asyncDispose]()
  })

  const proves = (title: string, body: () => Promise<void>): void => {
    test.skipIf(missing !== '')(`${title}${missing}`, body)
  }
  const backups = async (): Promise<readonly string[]> => {
    const found = (await readdir(instance, { withFileTypes: true })).filter((entry) => entry.isDirectory())
    return found.map((entry) => entry.name).sort()
  }
  const listOf = async (id: string): Promise<readonly ContentEntry[]> =>
    parseContentList(await readFile(path.join(instance, id, 'backup_content.control'), 'utf8'))

  proves('holds the backups that these tests are about', async () => {
    expect(await backups()).toEqual(EXPECTED[name].backups)
  })

  proves('has control files that come out as they went in', async () => {
    for (const id of await backups()) {
      const text = await readFile(path.join(instance, id, 'backup.control'), 'utf8')
      const { control, warnings } = parseBackupControl(text)
      expect(warnings).toEqual([])
      expect(control && formatBackupControl(control)).toBe(text)
    }
  })

  proves(
    'has content lists that come out as they went in and carry the CRC of the control file',
    async () => {
      for (const id of await backups()) {
        const bytes = await readFile(path.join(instance, id, 'backup_content.control'))
        const { control } = parseBackupControl(
          await readFile(path.join(instance, id, 'backup.control'), 'utf8'),
        )
        const written = Buffer.from([...formatContentList(parseContentList(bytes.toString('utf8')))].join(''))
        expect(written.equals(bytes)).toBe(true)
        expect(crc32c(written)).toBe(control?.contentCrc)
      }
    },
  )

  proves('agrees with how paths are sorted into forks, segments and databases', async () => {
    for (const id of await backups()) {
      for (const entry of await listOf(id)) {
        if (entry.externalDirNumber !== 0 || (entry.mode & S_IFMT) !== S_IFREG) continue
        const { isDataFile, segmentNumber, databaseOid } = classifyRelationFile(entry.path)
        const expected = { isDataFile: entry.isDataFile, databaseOid: entry.databaseOid }
        expect({ path: entry.path, isDataFile, databaseOid }).toEqual({ path: entry.path, ...expected })
        if (isDataFile) expect(segmentNumber).toBe(entry.segmentNumber)
      }
    }
  })

  proves('stores pages that are sound and that its header map describes', async () => {
    let pageCount = 0
    const page = new Uint8Array(PAGE_BYTES)
    for (const id of await backups()) {
      const map = await readFile(path.join(instance, id, 'page_header_map'))
      const { control } = parseBackupControl(
        await readFile(path.join(instance, id, 'backup.control'), 'utf8'),
      )
      for (const entry of await listOf(id)) {
        if (!entry.isDataFile || entry.sizeBytes <= 0) continue
        expect(entry.compressAlgorithm).toBe(EXPECTED[name].algorithm)
        const bytes = readFileSync(path.join(instance, id, 'database', entry.path))
        expect(bytes.length).toBe(entry.sizeBytes)
        expect(crc32c(bytes)).toBe(entry.crc)

        const place = entry.headers
        if (place === undefined) throw new Error(`${entry.path} has no header table`)
        const table = inflateSync(map.subarray(place.offset, place.offset + place.sizeBytes))
        expect(crc32c(table)).toBe(place.crc)
        const headers = decodeHeaderTable(table, place.headerCount).entries()
        expect(headerTableEnd(table)).toBe(entry.sizeBytes)
        expect(encodeHeaderTable(headers, entry.sizeBytes)).toEqual(new Uint8Array(table))

        const compression = openCompression(entry.compressAlgorithm, 1)
        let index = 0
        for (const { block, position, payload } of storedBlocks(bytes)) {
          if (payload.length === PAGE_BYTES) page.set(payload)
          else compression.decompressPage(payload, page)
          const { verdict, lsn, checksum } = examinePage(page, {
            blockNumber: entry.segmentNumber * SEGMENT_BLOCKS + block,
            hasChecksums: control?.checksumVersion === 1,
            stopLsn: control?.stopLsn,
          })
          if (verdict !== 'valid' && verdict !== 'zeroed')
            throw new Error(`${id} ${entry.path} ${block}: ${verdict}`)
          if (verdict === 'valid' && decodePageHeader(page).checksum !== checksum) throw new Error('checksum')
          const header = headers[index++]
          if (
            header?.block !== block ||
            header.position !== position ||
            header.lsn !== lsn ||
            header.checksum !== checksum
          ) {
            throw new Error(`${id} ${entry.path} ${block}: another header, LSN ${formatLsn(lsn)}`)
          }
          pageCount++
        }
        expect(index).toBe(place.headerCount)
      }
    }
    expect(pageCount).toBe(STORED_PAGES)
  })

  proves(
    'stores other files with the CRC of their bytes, and pg_control with the one inside it',
    async () => {
      let fileCount = 0
      for (const id of await backups()) {
        for (const entry of await listOf(id)) {
          if (entry.isDataFile || entry.sizeBytes <= 0 || (entry.mode & S_IFMT) !== S_IFREG) continue
          const base =
            entry.externalDirNumber === 0
              ? 'database'
              : path.join('external_directories', `externaldir${entry.externalDirNumber}`)
          const bytes = readFileSync(path.join(instance, id, base, entry.path))
          const checked = entry.path === 'global/pg_control' ? bytes.subarray(0, 288) : bytes
          expect({ path: entry.path, crc: crc32c(checked) }).toEqual({ path: entry.path, crc: entry.crc })
          fileCount++
        }
      }
      expect(fileCount).toBeGreaterThan(100)
    },
  )

  proves('has maps of tablespaces and databases that come out as they went in', async () => {
    for (const id of await backups()) {
      const database = path.join(instance, id, 'database')
      const tablespaces = await readFile(path.join(database, 'tablespace_map'), 'utf8')
      expect(parseTablespaceMap(tablespaces)).toHaveLength(1)
      expect(formatTablespaceMap(parseTablespaceMap(tablespaces))).toBe(tablespaces)
      const databases = await readFile(path.join(database, 'database_map'), 'utf8')
      expect(parseDatabaseMap(databases).map((entry) => entry.name)).toEqual(['postgres', 'shop'])
      expect(formatDatabaseMap(parseDatabaseMap(databases))).toBe(databases)
    }
  })

  proves(
    'has a configuration that comes out as it went in, with the defaults of the reference tool',
    async () => {
      const text = await readFile(path.join(instance, 'pg_probackup.conf'), 'utf8')
      const config = parseInstanceConfig(text)
      expect(config.warnings).toEqual([])
      expect(formatInstanceConfig(config)).toBe(text)

      const shown = JSON.parse(
        await readFile(path.join(instance, '..', '..', '..', 'show-config.json'), 'utf8'),
      )
      const ours: Record<string, string> = {}
      for (const row of CONFIG_KEYS) {
        const value = config.values[row.key] ?? row.defaultValue
        if (value !== undefined) ours[row.key] = formatConfigValue(row, value)
      }
      const { pgdatabase: fromEnvironment, ...expected } = shown as Record<string, string>
      expect(fromEnvironment).toBe('postgres')
      expect(ours).toEqual(expected)
      expect(Object.keys(ours)).toEqual(Object.keys(expected))
    },
  )
})
