import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { assert, asyncProperty, uint8Array } from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { writeBackup, writeCatalog } from '../testing/made-catalog.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { backupDirectories, readInventory } from './inventory.ts'

const call = { signal: new AbortController().signal }

async function catalog(): Promise<{ readonly root: string; readonly instance: string }> {
  const scratch = await scratchDirectory('inventory')
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  return { root: scratch.path, instance: writeCatalog(scratch.path) }
}

const idsIn = async (root: string): Promise<readonly string[]> =>
  (await readInventory(root, 'main', call)).backups.map(({ id }) => id)

describe('an inventory', () => {
  test('lists backups newest first, with what their control files say', async () => {
    const { root, instance } = await catalog()
    writeBackup(instance, 'TOTTEK', { note: 'first' })
    writeBackup(instance, 'TOTTEM', { parent: 'TOTTEK', status: 'RUNNING' })
    writeBackup(instance, 'TOTTEL')
    const { backups, problems, config } = await readInventory(root, 'main', call)
    expect(backups.map(({ id }) => id)).toEqual(['TOTTEM', 'TOTTEL', 'TOTTEK'])
    expect(backups[0]).toMatchObject({
      instance: 'main',
      directory: path.join(instance, 'TOTTEM'),
      control: { mode: 'DELTA', status: 'RUNNING', parentId: 'TOTTEK' },
      problem: undefined,
    })
    expect(backups[2]?.control?.note).toBe('first')
    expect(config.values['pgdata']).toBe('/pgdata')
    expect(problems).toEqual([])
  })

  test('is empty for an instance without backups', async () => {
    const { root } = await catalog()
    expect(await readInventory(root, 'main', call)).toMatchObject({ backups: [], problems: [] })
  })

  test('passes over what is no backup by its name or kind', async () => {
    const { root, instance } = await catalog()
    writeBackup(instance, 'TOTTEK')
    mkdirSync(path.join(instance, '.snapshot'))
    mkdirSync(path.join(instance, 'lost+found'))
    mkdirSync(path.join(instance, 'TOTTEK.old'))
    mkdirSync(path.join(instance, '0'))
    mkdirSync(path.join(instance, 'ZZZZZZZZZZZ'))
    writeFileSync(path.join(instance, 'TOTTEL'), 'a file')
    symlinkSync(path.join(instance, 'TOTTEK'), path.join(instance, 'TOTTEM'))
    symlinkSync('.', path.join(instance, 'TOTTEN'))
    execFileSync('mkfifo', [path.join(instance, 'TOTTEO')])
    expect(await idsIn(root)).toEqual(['TOTTEK'])
    expect(backupDirectories(root, 'main')).toEqual([path.join(instance, 'TOTTEK')])
  })

  test('finds the files of a directory that is spelled in lower case', async () => {
    const { root, instance } = await catalog()
    renameSync(writeBackup(instance, 'TOTTEK'), path.join(instance, 'tottek'))
    const { backups } = await readInventory(root, 'main', call)
    expect(backups).toMatchObject([
      { id: 'TOTTEK', directory: path.join(instance, 'tottek'), control: { status: 'OK' } },
    ])
  })

  test.each<readonly [string, string, (control: string) => void]>([
    ['is missing', 'backup.control is missing', (control) => rmSync(control)],
    ['is empty', 'backup.control is empty', (control) => writeFileSync(control, '')],
    ['has no start', 'backup.control is empty', (control) => writeFileSync(control, 'status = OK\n')],
    ['is garbage', 'cannot be read', (control) => writeFileSync(control, Buffer.alloc(5000, 0xff))],
    ['is cut off', 'cannot be read', (control) => writeFileSync(control, "start-time = '2026-11-21 00:3")],
    ['is huge', 'cannot be read: it has', (control) => truncateSync(control, 2 ** 40)],
    ['is a pipe', 'regular file', (control) => (rmSync(control), execFileSync('mkfifo', [control]))],
    ['is a directory', 'regular file', (control) => (rmSync(control), mkdirSync(control))],
    ['is a link to itself', 'cannot be read', (control) => (rmSync(control), symlinkSync(control, control))],
  ])('lists a backup whose control file %s, and says so', async (_, problem, damage) => {
    const { root, instance } = await catalog()
    writeBackup(instance, 'TOTTEK')
    damage(path.join(writeBackup(instance, 'TOTTEL'), 'backup.control'))
    const { backups, problems } = await readInventory(root, 'main', call)
    expect(backups).toMatchObject([
      { id: 'TOTTEL', control: undefined, problem: expect.stringContaining(problem) },
      { id: 'TOTTEK', control: { status: 'OK' }, problem: undefined },
    ])
    expect(problems).toEqual([{ id: 'TOTTEL', message: backups[0]?.problem }])
  })

  test('can be read whatever bytes a control file holds', async () => {
    const { root, instance } = await catalog()
    const control = path.join(writeBackup(instance, 'TOTTEK'), 'backup.control')
    await assert(
      asyncProperty(uint8Array({ maxLength: 200 }), async (bytes) => {
        writeFileSync(control, bytes)
        expect(await idsIn(root)).toEqual(['TOTTEK'])
      }),
    )
  })

  test('is ordered by the start in the control file where the name says another', async () => {
    const { root, instance } = await catalog()
    writeBackup(instance, 'TOTTEK', { startSeconds: 1_795_999_999 })
    writeBackup(instance, 'TOTTEL')
    expect(await idsIn(root)).toEqual(['TOTTEK', 'TOTTEL'])
  })

  test('stops when it is cancelled', async () => {
    const { root, instance } = await catalog()
    for (let second = 0; second < 300; second++) mkdirSync(path.join(instance, `A${1000 + second}`))
    const stop = new AbortController()
    const reading = readInventory(root, 'main', { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  })

  test('of a directory that is no catalog, or of an unknown instance, is refused', async () => {
    const { root } = await catalog()
    await expect(readInventory(path.join(root, 'wal'), 'main', call)).rejects.toMatchObject({
      code: 'catalog.not-found',
    })
    await expect(readInventory(root, 'other', call)).rejects.toMatchObject({ code: 'instance.not-found' })
  })
})

describe('the revision', () => {
  test('stays while nothing changes', async () => {
    const { root, instance } = await catalog()
    writeBackup(instance, 'TOTTEK')
    const { revision } = await readInventory(root, 'main', call)
    writeFileSync(path.join(instance, 'TOTTEK', 'backup.pid'), '1\n')
    expect((await readInventory(root, 'main', call)).revision).toBe(revision)
  })

  test.each<readonly [string, (instance: string) => void]>([
    ['a backup appears', (instance) => writeBackup(instance, 'TOTTEL')],
    ['a backup vanishes', (instance) => rmSync(path.join(instance, 'TOTTEK'), { recursive: true })],
    ['a status changes', (instance) => rewrite(instance, { status: 'CORRUPT' })],
    ['a note changes', (instance) => rewrite(instance, { note: 'new' })],
    ['a pin changes', (instance) => rewrite(instance, { expireSeconds: 1_800_000_000 })],
    ['a content list changes', (instance) => rewrite(instance, { contentCrc: 5 })],
    [
      'a control file is damaged',
      (instance) => writeFileSync(path.join(instance, 'TOTTEK/backup.control'), 'x'),
    ],
  ])('changes when %s', async (_, change) => {
    const { root, instance } = await catalog()
    writeBackup(instance, 'TOTTEK')
    const { revision } = await readInventory(root, 'main', call)
    change(instance)
    expect((await readInventory(root, 'main', call)).revision).not.toBe(revision)
  })
})

function rewrite(instance: string, given: Parameters<typeof writeBackup>[2]): void {
  rmSync(path.join(instance, 'TOTTEK'), { recursive: true })
  writeBackup(instance, 'TOTTEK', given)
}
