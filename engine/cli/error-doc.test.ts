import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ERROR_CODES } from '../base/error-codes.ts'
import { formatErrorDoc } from './error-doc.ts'

test('docs/errors.md is what the table says', () => {
  const file = path.join(import.meta.dirname, '..', '..', 'docs', 'errors.md')
  expect(readFileSync(file, 'utf8')).toBe(formatErrorDoc())
})

test('every code is listed once', () => {
  const text = formatErrorDoc()
  for (const code of Object.keys(ERROR_CODES)) expect(text.split(`\`${code}\``)).toHaveLength(2)
})

test('every code is told in sentences: what happened, and what to do', () => {
  const rows = formatErrorDoc()
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  const isRow = /^\| `[a-z]+\.[a-z-]+` \| [A-Z][^|]+\. \| [A-Z][^|]+\. \| (yes|no) \|$/

  expect(rows).toHaveLength(Object.keys(ERROR_CODES).length)
  expect(rows.filter((row) => !isRow.test(row))).toEqual([])
})
