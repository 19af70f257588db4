import { expect, test } from 'vitest'
import { counted } from './counted.ts'

test.each([
  [0, 'backup', undefined, '0 backups'],
  [1, 'backup', undefined, '1 backup'],
  [2, 'stretch', 'stretches', '2 stretches'],
  [1, 'stretch', 'stretches', '1 stretch'],
])('%d of "%s" agree with each other', (count, one, many, text) => {
  expect(counted(count, one, many)).toBe(text)
})
