import { EngineError } from '../../base/engine-error.ts'
import { COMPRESS_ALGORITHMS, type CompressAlgorithm } from '../../format/backup-control.ts'
import { configNumber, type InstanceConfig } from '../../format/instance-config.ts'

/** What a caller may say of a backup; what is left out follows the instance's configuration. */
export type BackupOptions = {
  readonly mode: 'FULL' | 'DELTA' | 'PAGE' | 'PTRACK' | 'AUTO'
  readonly isStream?: boolean | undefined
  readonly dataDirectory?: string | undefined
  readonly threads?: number | undefined
  readonly compressAlgorithm?: CompressAlgorithm | undefined
  readonly compressLevel?: number | undefined
  readonly isSmoothCheckpoint?: boolean | undefined
  readonly slot?: string | undefined
  readonly isTemporarySlot?: boolean | undefined
  readonly withServerLog?: boolean | undefined
  readonly withSlots?: boolean | undefined
  readonly externalDirs?: readonly string[] | undefined
  readonly isSynced?: boolean | undefined
  readonly note?: string | undefined
  readonly ttlSeconds?: number | undefined
  readonly expireSeconds?: number | undefined
  readonly archiveTimeoutSeconds?: number | undefined
  readonly startSeconds?: number | undefined
  /** DELTA leaves out files whose size and times prove them unchanged. */
  readonly trustsFileTimes?: boolean | undefined
  /** How long before the parent's start they must have been touched last; a test has no day to wait. */
  readonly fileTimeMarginMs?: number | undefined
}

/** Everything a backup is to do, decided. */
export type BackupSettings = {
  /** `AUTO` is the cheapest that is possible. */
  readonly mode: BackupOptions['mode']
  readonly isStream: boolean
  readonly dataDirectory: string | undefined
  readonly threads: number
  readonly compressAlgorithm: CompressAlgorithm
  readonly compressLevel: number
  readonly isFastCheckpoint: boolean
  readonly slot: { readonly name: string; readonly isTemporary: boolean } | undefined
  readonly withServerLog: boolean
  /** Logical replication slots are taken as well. */
  readonly withSlots: boolean
  /** Sorted as their numbers go (catalog format 1.1). */
  readonly externalDirs: readonly string[]
  readonly isSynced: boolean
  readonly note: string | undefined
  readonly ttlSeconds: number | undefined
  readonly expireSeconds: number | undefined
  readonly archiveTimeoutMs: number
  readonly startSeconds: number | undefined
  /** How long before the parent's start a file must have been touched last to be skipped; undefined = none is. */
  readonly fileTimeMarginMs: number | undefined
}

const TEMPORARY_SLOT = 'pg_probackup_slot'

/**
 * A day is more than a clock goes wrong by a mistake about the time zone (14 hours), the largest step that is made in
 * earnest; and it costs little, since what is worth skipping lies still for weeks.
 */
const FILE_TIME_MARGIN_MS = 24 * 3_600_000

/**
 * Joins what was asked with what the instance is configured for.
 *
 * @throws {EngineError} `plan.refused` for what this version cannot do.
 */
export function decideSettings(options: BackupOptions, config: InstanceConfig): BackupSettings {
  const algorithm = requireAlgorithm(
    options.compressAlgorithm ?? config.values['compress-algorithm'] ?? 'none',
  )
  if (options.ttlSeconds !== undefined && options.expireSeconds !== undefined) {
    throw new EngineError('usage.invalid', 'a pin has either a duration or an end, not both')
  }
  if (options.trustsFileTimes === true && options.mode !== 'DELTA' && options.mode !== 'AUTO') {
    throw new EngineError('usage.invalid', `a ${options.mode} backup does not go by the times of files`, {
      hint: 'Trust them with DELTA, or with AUTO, or leave the option out.',
    })
  }
  const isTemporary = options.isTemporarySlot ?? options.slot === undefined
  return {
    mode: options.mode,
    isStream: options.isStream ?? false,
    dataDirectory: options.dataDirectory ?? config.values['pgdata'],
    threads: options.threads ?? 1,
    compressAlgorithm: algorithm,
    compressLevel: options.compressLevel ?? configNumber(config, 'compress-level') ?? 1,
    isFastCheckpoint: options.isSmoothCheckpoint !== true,
    slot:
      options.slot !== undefined || isTemporary
        ? { name: options.slot ?? `${TEMPORARY_SLOT}_${process.pid}`, isTemporary }
        : undefined,
    withServerLog: options.withServerLog ?? false,
    withSlots: options.withSlots ?? false,
    externalDirs: sortedDirs(options.externalDirs ?? splitExternalDirs(config.values['external-dirs'])),
    isSynced: options.isSynced ?? true,
    note:
      options.note === undefined || options.note === '' || options.note === 'none' ? undefined : options.note,
    ttlSeconds: options.ttlSeconds,
    expireSeconds: options.expireSeconds,
    archiveTimeoutMs:
      (options.archiveTimeoutSeconds ?? configNumber(config, 'archive-timeout') ?? 300) * 1000,
    startSeconds: options.startSeconds,
    fileTimeMarginMs:
      options.trustsFileTimes === true ? (options.fileTimeMarginMs ?? FILE_TIME_MARGIN_MS) : undefined,
  }
}

/** The paths of an `external-dirs` value; `none` stands for none. */
export function splitExternalDirs(text: string | undefined): readonly string[] {
  return text === undefined || text === 'none' ? [] : text.split(':').filter((dir) => dir !== '')
}

/** Byte order and without repetitions: the place in this list is the number of the directory. */
function sortedDirs(dirs: readonly string[]): readonly string[] {
  return [...new Set(dirs.map((dir) => dir.replace(/(?<=.)\/+$/, '')))].sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  )
}

function requireAlgorithm(name: string): CompressAlgorithm {
  const algorithm = COMPRESS_ALGORITHMS.find((known) => known === name)
  if (algorithm !== undefined) return algorithm
  throw new EngineError('plan.refused', `compress-algorithm ${name} is not known`, {
    hint: `Choose one of ${COMPRESS_ALGORITHMS.join(', ')}.`,
  })
}
