import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toBatches } from './batches.ts'

test('every item travels once, in batches that are not too large', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 8 << 20 }), { maxLength: 500 })
  fc.assert(
    fc.property(sizes, (list) => {
      const items = list.map((sizeBytes, id) => ({ id, sizeBytes }))
      const batches = toBatches(items)
      expect(batches.flat().length).toBe(items.length)
      expect(new Set(batches.flat().map(({ id }) => id)).size).toBe(items.length)
      for (const batch of batches) {
        const bytes = batch.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
        expect(batch.length === 1 || bytes <= 4 << 20).toBe(true)
        expect(batch.length).toBeLessThanOrEqual(64)
      }
    }),
  )
})
