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
