import { expect, test } from 'vitest'
import { requireReading } from './read-only-query.ts'

test.each([
  'select 1',
  '  -- a comment\n/* and * another */ SELECT 1',
  '(select 1) union select 2',
  'with a as (select 1) table a',
  'explain select 1',
  'show all',
])('%s reads', (sql) => requireReading(sql))

test.each([
  '',
  ';',
  'delete from a',
  "copy (select 1) to program 'id'",
  '/* select */ drop table a',
  '-- select\nset transaction read write',
  'do $$ begin end $$',
])('%s is not run', (sql) => {
  expect(() => requireReading(sql)).toThrow(expect.objectContaining({ code: 'value.malformed' }))
})
