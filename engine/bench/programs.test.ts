import { expect, test } from 'vitest'
import { findProgram, parseMajor } from './programs.ts'

test.each([
  ['pg_checksums (PostgreSQL) 17.2 (Debian 17.2-1)', 17],
  ['pg_basebackup (PostgreSQL) 19devel', 19],
  ['psql: command not found', undefined],
])('%j is version %s', (text, major) => expect(parseMajor(text)).toBe(major))

test('a program that is not installed is missing by its name', () => {
  expect(findProgram('no-such-program-anywhere')).toEqual({
    missing: 'no-such-program-anywhere is not installed',
  })
})

test.skipIf(process.platform === 'win32')('a program that is installed is found', () => {
  expect(findProgram('sh')).toEqual({ file: expect.stringMatching(/\/sh$/) })
})
