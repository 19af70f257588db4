import type { Limit } from './statistics.ts'

/** What is measured, in the order it is run. The names are those of `--only`. */
export const OPERATIONS = [
  'full-none',
  'full-zlib',
  'full-lz4',
  'full-zstd',
  'validate',
  'restore-full',
  'delta',
  'ptrack',
  'restore-chain',
  'merge',
  'archive-push',
  'archive-push-zlib',
  'archive-get',
] as const
export type OperationName = (typeof OPERATIONS)[number]

/** What one operation is held to: a yardstick that runs in turns with it. */
export type Target = {
  readonly title: string
  /** Name of the lane it is compared with. */
  readonly yardstick: string
  /** Left out where the target is not a ratio; the ratio is printed all the same. */
  readonly limit?: Limit
  /** Name of a lane whose time is taken off both sides. */
  readonly apart?: string
  /** The target in words, where numbers alone do not say it. */
  readonly words?: string
}

/** The most memory that any operation may take, whatever the size of the cluster. */
export const PEAK_LIMIT_BYTES = 250_000_000

/** Lanes that are yardsticks; the names stand in the report. */
export const YARDSTICKS = {
  cp: 'cp -r + sync -f',
  gzip: 'tar | gzip -1',
  lz4: 'tar | lz4 -1',
  zstd: 'tar | zstd -1 -T2',
  cat: 'cat of all files',
  basebackup: 'pg_basebackup',
  checksums: 'pg_checksums --check + cat of the rest',
  server: 'pg_backup_start + pg_backup_stop',
  copyOfResult: 'cp -r + sync -f of the result',
  cpEach: 'cp + sync of each segment (16)',
  gzipEach: 'gzip -1 + sync of each segment (16)',
  cpBack: 'cp of each segment (16)',
  copyOfCatalog: 'cp -r + sync -f of the catalog',
} as const

/** A server that waits for a process can tell its size, but nobody has said what it may cost. */
const NO_LIMIT = 'to be known'
const times = (factor: number, plusSeconds = 0): Limit => ({ factor, plusSeconds })

/** Every target of the project, here and nowhere else. All hold for two workers, a warm cache, and durable output. */
export const TARGETS: Readonly<Record<OperationName, Target>> = {
  'full-none': { title: 'FULL, no compression', yardstick: YARDSTICKS.cp, limit: times(1.1) },
  'full-zlib': { title: 'FULL, zlib level 1', yardstick: YARDSTICKS.gzip, limit: times(0.8) },
  'full-lz4': { title: 'FULL, lz4', yardstick: YARDSTICKS.lz4, limit: times(0.9) },
  'full-zstd': { title: 'FULL, zstd level 1', yardstick: YARDSTICKS.zstd, limit: times(1.5) },
  validate: { title: 'validate FULL', yardstick: YARDSTICKS.checksums, limit: times(0.5) },
  'restore-full': { title: 'restore FULL', yardstick: YARDSTICKS.copyOfResult, limit: times(1) },
  delta: { title: 'DELTA after 2 % changed', yardstick: YARDSTICKS.cat, limit: times(1, 1) },
  ptrack: {
    title: 'PTRACK after 2 % changed',
    yardstick: 'DELTA after 2 % changed',
    limit: times(0.3),
    apart: YARDSTICKS.server,
  },
  'restore-chain': {
    title: 'restore FULL + increment',
    yardstick: YARDSTICKS.copyOfResult,
    limit: times(1.1),
  },
  merge: {
    title: 'merge FULL + increment',
    yardstick: YARDSTICKS.copyOfCatalog,
    words: 'proportional to the changed pages',
  },
  'archive-push': { title: 'archive-push of 16 segments', yardstick: YARDSTICKS.cpEach, words: NO_LIMIT },
  'archive-push-zlib': {
    title: 'archive-push of 16 segments, zlib level 1',
    yardstick: YARDSTICKS.gzipEach,
    words: NO_LIMIT,
  },
  'archive-get': { title: 'archive-get of 16 segments', yardstick: YARDSTICKS.cpBack, words: NO_LIMIT },
}
