import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { startEngine } from '../testing/engines.ts'
import { runCli } from '../testing/cli-world.ts'
import { writeBackup, writeCatalog } from '../testing/made-catalog.ts'
import { scratchDirectory } from '../testing/scratch.ts'

test.each([
  { what: 'has none', conf: undefined, told: 'instance "a" has no pg_probackup.conf' },
  { what: 'cannot be read', conf: "pgdata = 'x' y\n", told: 'cannot be read: line 1' },
])('an instance whose settings $what keeps none of the others from view', async ({ conf, told }) => {
  await using scratch = await scratchDirectory('broken-instance')
  const catalog = path.join(scratch.path, 'catalog')
  const main = writeCatalog(catalog)
  writeFileSync(path.join(main, 'pg_probackup.conf'), 'pgdata = /pgdata\nsystem-identifier = 1\n')
  mkdirSync(path.join(catalog, 'backups', 'a'))
  if (conf !== undefined) writeFileSync(path.join(catalog, 'backups/a/pg_probackup.conf'), conf)
  await using engine = await startEngine()
  const world = {
    openSession: async () => ({ client: engine.client, [Symbol.asyncDispose]: async () => undefined }),
  }

  // Nothing is wrong with what could be validated, and yet not all is known to be sound.
  const empty = await runCli(['validate', '-B', catalog], world)
  expect(empty.err).toContain(told)
  expect(empty.err).toContain('not every instance could be validated')
  expect(empty.status).toBe(1)

  writeBackup(main, 'TOTTE0')
  const plain = await runCli(['show', '-B', catalog], world)
  expect(plain.out).toContain('TOTTE0')
  expect(plain.err).toContain(told)
  expect(plain.status).toBe(1)

  const json = await runCli(['show', '-B', catalog, '--format=json'], world)
  expect(JSON.parse(json.out)).toMatchObject([{ instance: 'main', backups: [{ id: 'TOTTE0' }] }])
  expect(json.status).toBe(1)

  const archives = await runCli(['show', '--archive', '-B', catalog], world)
  expect(archives.out).toContain("ARCHIVE INSTANCE 'main'")
  expect({ err: archives.err.includes(told), status: archives.status }).toEqual({ err: true, status: 1 })

  const validated = await runCli(['validate', '-B', catalog], world)
  expect(validated.err).toContain('validating backup TOTTE0')
  expect(validated.status).toBe(1)

  // Who asks about the broken one is told the same as before.
  const one = await runCli(['show', '-B', catalog, '--instance=a'], world)
  expect({ out: one.out, status: one.status }).toEqual({ out: '', status: 1 })
})

test('what is left of an instance is deleted by the command that the hint names', async () => {
  await using scratch = await scratchDirectory('broken-instance')
  const catalog = path.join(scratch.path, 'catalog')
  writeCatalog(catalog)
  mkdirSync(path.join(catalog, 'backups', 'a'))
  await using engine = await startEngine()
  const world = {
    openSession: async () => ({ client: engine.client, [Symbol.asyncDispose]: async () => undefined }),
  }

  const deleted = await runCli(['del-instance', '-B', catalog, '--instance=a'], world)
  expect(deleted.status).toBe(0)
  expect(existsSync(path.join(catalog, 'backups', 'a'))).toBe(false)

  const again = await runCli(['del-instance', '-B', catalog, '--instance=a'], world)
  expect(again.err).toContain('has no instance "a"')
  expect(again.status).toBe(1)
})
