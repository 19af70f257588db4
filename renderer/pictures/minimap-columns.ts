import { badnessOf, type Chain, type ChainBackup } from './chain-layout.ts'

/** What lies in a few pixels of the whole history. */
export type MinimapColumn = {
  readonly x: number
  /** From 0 to 1, by the square root of the bytes. */
  readonly height: number
  /** The worst of it. */
  readonly tone: 'calm' | 'look' | 'broken'
}

export const COLUMN_PX = 2

const TONES = ['calm', 'look', 'broken'] as const

/** The whole history in columns: how much was stored when, and where something is broken. Pure, linear in the backups. */
export function minimapColumns(
  chains: readonly Chain[],
  toX: (ms: number) => number,
): readonly MinimapColumn[] {
  const columns = new Map<number, { bytes: number; tone: MinimapColumn['tone'] }>()
  let most = 1
  for (const { backups } of chains) {
    for (const backup of backups) {
      const at = Math.floor(toX(backup.atMs) / COLUMN_PX)
      const column = columns.get(at) ?? { bytes: 0, tone: 'calm' }
      column.bytes += backup.bytes
      const tone = toneOf(backup)
      if (TONES.indexOf(tone) > TONES.indexOf(column.tone)) column.tone = tone
      columns.set(at, column)
      most = Math.max(most, column.bytes)
    }
  }
  return [...columns]
    .map(([at, { bytes, tone }]) => ({ x: at * COLUMN_PX, height: Math.sqrt(bytes / most), tone }))
    .sort((a, b) => a.x - b.x)
}

/** Red is for what is broken, amber for what is to be looked at. */
function toneOf(backup: ChainBackup): MinimapColumn['tone'] {
  if (backup.status === 'CORRUPT' || backup.status === 'ERROR') return 'broken'
  return badnessOf(backup) > 1 ? 'look' : 'calm'
}
