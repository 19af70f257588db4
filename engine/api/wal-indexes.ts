import path from 'node:path'
import { EngineError } from '../base/engine-error.ts'
import { readInventory } from '../catalog/inventory.ts'
import { readInstanceConfig } from '../catalog/instance.ts'
import { readWalArchive } from '../catalog/wal-archive.ts'
import { configNumber, configText, type InstanceConfig } from '../format/instance-config.ts'
import { WalIndexReader } from '../wal-index/queries.ts'
import { type ListedSegment, listSegments, type StreamedWal } from '../wal-index/segment-list.ts'
import type { SegmentRow } from '../wal-index/segment-row.ts'
import {
  type IndexedArchive,
  openWalIndexStore,
  removeWalIndexStore,
  type WalIndexStore,
} from '../wal-index/store.ts'
import { isAsItWas, keyOf } from '../wal-index/update.ts'
import type { InstanceRef } from './contract/values.ts'

const USUAL_SEGMENT_BYTES = 16 << 20

/** An index as it is now; a later look may give another. */
export type OpenedWalIndex = {
  readonly archive: IndexedArchive
  readonly store: WalIndexStore
  readonly reader: WalIndexReader
}

/** What there is to index, and what of it is not in the index as it is now. */
export type WalIndexCoverage = {
  readonly listed: readonly ListedSegment[]
  readonly pending: readonly ListedSegment[]
  /** Rows whose files are gone. */
  readonly gone: readonly SegmentRow[]
}

/** The indexes of archived WAL that this engine has opened, one for each instance. */
export type WalIndexes = Disposable & {
  /** @throws {EngineError} `instance.not-found`, `format.damaged` when the instance does not say whose WAL it has; `storage.*` */
  open(ref: InstanceRef): OpenedWalIndex
  /** Lists archive and backups. @throws {EngineError} `storage.*`, `instance.not-found` */
  list(ref: InstanceRef, call: { readonly signal: AbortSignal }): Promise<readonly ListedSegment[]>
}

/** Below the directory for state; without one indexes are in memory and end with the engine. */
export function openWalIndexes(stateDirectory: string | undefined): WalIndexes {
  const directory = stateDirectory === undefined ? undefined : path.join(stateDirectory, 'wal-index')
  const opened = new Map<
    string,
    { readonly store: WalIndexStore; reader?: WalIndexReader; revision: string }
  >()
  return {
    open({ catalog, instance }) {
      const archive = archiveOf({ catalog, instance }, readInstanceConfig(catalog, instance))
      const key = [catalog, instance, archive.systemIdentifier, archive.segmentBytes].join('\0')
      const isDamaged = (): boolean => opened.get(key)?.store.isDamaged() === true
      const look = (): OpenedWalIndex => {
        const known = opened.get(key) ?? { store: openWalIndexStore(directory, archive), revision: '' }
        opened.set(key, known)
        const revision = known.store.revision()
        if (known.reader === undefined || known.revision !== revision) {
          known.reader = new WalIndexReader(known.store, archive.segmentBytes)
          known.revision = revision
        }
        return { archive, store: known.store, reader: known.reader }
      }
      const startAnew = (): void => {
        opened.get(key)?.store[Symbol.dispose]()
        opened.delete(key)
        removeWalIndexStore(directory, archive)
      }
      // What was read last time may have shown it.
      if (isDamaged()) startAnew()
      try {
        return look()
      } catch (thrown) {
        if (!isDamaged()) throw thrown
        startAnew()
        return look()
      }
    },
    async list({ catalog, instance }, call) {
      const { backups, config } = await readInventory(catalog, instance, call)
      const { segmentBytes } = archiveOf({ catalog, instance }, config)
      const archive = await readWalArchive(catalog, instance, segmentBytes, call)
      const streams = backups.flatMap(({ id, directory: own, control }): readonly StreamedWal[] =>
        control?.isStream === true && ['OK', 'DONE'].includes(control.status)
          ? [{ place: id, directory: path.join(own, 'database', 'pg_wal') }]
          : [],
      )
      return listSegments(archive, streams)
    },
    [Symbol.dispose]() {
      for (const { store } of opened.values()) store[Symbol.dispose]()
    },
  }
}

/** Holds what is there against what the index has. */
export function coverageOf(listed: readonly ListedSegment[], rows: readonly SegmentRow[]): WalIndexCoverage {
  const known = new Map(rows.map((row) => [keyOf(row), row]))
  const there = new Set(listed.map(keyOf))
  return {
    listed,
    pending: listed.filter((segment) => {
      const row = known.get(keyOf(segment))
      return row === undefined || !isAsItWas(row, segment)
    }),
    gone: rows.filter((row) => !there.has(keyOf(row))),
  }
}

function archiveOf({ catalog, instance }: InstanceRef, config: InstanceConfig): IndexedArchive {
  const text = configText(config, 'system-identifier')
  if (text === undefined) {
    throw new EngineError('format.damaged', `instance "${instance}" does not say which cluster it is of`, {
      hint: 'Add the line system-identifier to its pg_probackup.conf, or register the cluster again.',
    })
  }
  return {
    catalog,
    instance,
    systemIdentifier: BigInt.asUintN(64, BigInt(text)),
    segmentBytes: configNumber(config, 'xlog-seg-size') ?? USUAL_SEGMENT_BYTES,
  }
}
