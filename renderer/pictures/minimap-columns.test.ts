import { expect, test } from 'vitest'
import { type ChainBackup, chainsFrom } from './chain-layout.ts'
import { minimapColumns } from './minimap-columns.ts'

function backup(id: string, atMs: number, status: string, bytes: number): ChainBackup {
  return {
    id,
    parentId: undefined,
    fullId: id,
    isFull: true,
    mode: 'FULL',
    status,
    isStale: false,
    isPinned: false,
    atMs,
    bytes,
    restoreBytes: bytes,
  }
}

test('the whole history fits into columns, each with its bytes and the worst that lies in it', () => {
  const chains = chainsFrom([
    backup('A', 0, 'OK', 60),
    backup('B', 1, 'CORRUPT', 40),
    backup('C', 1, 'ORPHAN', 0),
    backup('D', 10, 'MERGING', 0),
    backup('E', 20, 'DONE', 25),
  ])
  expect(minimapColumns(chains, (ms) => ms)).toEqual([
    { x: 0, height: 1, tone: 'broken' },
    { x: 10, height: 0, tone: 'look' },
    { x: 20, height: 0.5, tone: 'calm' },
  ])
})
