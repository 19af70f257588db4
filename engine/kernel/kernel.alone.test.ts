import { afterAll, expect, test, vi } from 'vitest'

vi.stubGlobal('WebAssembly', undefined)
afterAll(() => void vi.unstubAllGlobals())

test('a thread without WebAssembly works with the twin', async () => {
  const { kernel: left } = await import('./kernel.ts')
  expect(left.kind).toBe('twin')
  expect(left.crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
})
