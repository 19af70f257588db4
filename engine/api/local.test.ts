import * as z from 'zod'
import { expect, test } from 'vitest'
import { command, query, stream } from './define.ts'
import { localClient } from './local.ts'

const contract = {
  double: query<number>()(z.strictObject({ of: z.coerce.number() })),
  fail: command<void>()(z.strictObject({})),
  count: stream<number>()(z.strictObject({ to: z.number() })),
}

const seen: AbortSignal[] = []
const client = localClient(contract, {
  double: async ({ of }) => of * 2,
  fail: async () => {
    throw new Error('no luck')
  },
  async *count({ to }, { signal }) {
    seen.push(signal)
    for (let at = 1; at <= to; at++) yield at
  },
})

test('a call reaches its handler with parsed input and brings the answer back', async () => {
  expect(await client.double({ of: '21' as never })).toBe(42)
})

test('bad input is refused with the same error as over a port', async () => {
  const call = client.double({ of: 1, more: 2 } as never)

  await expect(call).rejects.toMatchObject({ code: 'value.malformed', message: /bad input for double/ })
})

test('a failure of the handler rejects the call', async () => {
  await expect(client.fail({})).rejects.toThrow('no luck')
})

test('a stream gives every item, and its signal fires when the reader leaves', async () => {
  const items: number[] = []
  for await (const item of client.count({ to: 5 })) {
    items.push(item)
    if (item === 3) break
  }

  expect(items).toEqual([1, 2, 3])
  expect(seen.at(-1)?.aborted).toBe(true)
})

test('bad input of a stream is told to its reader', async () => {
  const read = async () => {
    for await (const item of client.count({ to: 'x' } as never)) expect(item).toBe('never')
  }

  await expect(read()).rejects.toMatchObject({ code: 'value.malformed' })
})
