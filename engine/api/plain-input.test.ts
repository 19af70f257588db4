import { expect, test } from 'vitest'
import { parseArchivingInput } from './archiving-input.ts'
import { isPlainInput, type PlainProcedure } from './plain-input.ts'

const place = { catalog: '/srv/backup', instance: 'shop-15' }
const call = {
  ...place,
  fileName: '000000010000000000000001',
  workingDirectory: '/var/lib/postgresql/data',
  batchSize: 1,
  threads: 1,
}
const usual: Readonly<Record<PlainProcedure, Readonly<Record<string, unknown>>>> = {
  'archiving.push': { ...call, overwrites: false, marksDone: true, isSynced: true, compressLevel: undefined },
  'archiving.get': { ...call, filePath: '/var/lib/postgresql/data/pg_wal/RECOVERYXLOG', isValidated: true },
  'instances.config': place,
}
const procedures = Object.keys(usual) as readonly PlainProcedure[]

/** Values near what a field takes, and far from it. */
const VALUES: readonly unknown[] = [
  [undefined, null, true, 1n, {}, [], '', 'zlib', 'none', 'lz4', 'gzip'],
  ['/', '/srv', '/s\0rv', 'srv', 'C:\\srv', `/${'x'.repeat(4000)}`, `/${'x'.repeat(4096)}`],
  ['.hidden', 'a/b', 'a"b', 'ä', ' main', 'main\n', 'x'.repeat(65), 'x'.repeat(201)],
  [0, 1, -1, 0.5, 9, 10, 22, 23, 64, 65, 10_000, 10_001, 2 ** 53, NaN, Infinity],
].flat()

test.each(procedures)('the usual call of %s needs no schema', (name) => {
  expect(isPlainInput(name, usual[name])).toBe(true)
})

test.each(procedures)('what is plain for %s is taken by the contract as it is', (name) => {
  let plain = 0
  const compare = (input: Readonly<Record<string, unknown>>): void => {
    if (!isPlainInput(name, input)) return
    plain++
    expect(parseArchivingInput(name, input)).toEqual(input)
  }
  for (const key of [
    ...Object.keys(usual[name]),
    'filePath',
    'compressAlgorithm',
    'archiveTimeoutSeconds',
    'more',
  ]) {
    for (const value of VALUES) compare({ ...usual[name], [key]: value })
    const { [key]: _, ...without } = usual[name]
    compare(without)
  }
  expect(plain).toBeGreaterThan(0)
})

test.each([undefined, null, 'text', 7, []])('%j is no plain input', (input) => {
  for (const name of procedures) expect(isPlainInput(name, input)).toBe(false)
})
