import type { Run } from '../../base/run.ts'
import type { ConnectionSettings } from '../../server/connection.ts'
import type { ArchiveWriter } from './archive-writer.ts'
import type { ReceiverState } from './state.ts'

export type ReceiveWalInput = {
  readonly catalog: string
  readonly instance: string
  /** Asked before every connection: a password may have been changed meanwhile. */
  readonly connection: () => Promise<ConnectionSettings>
  /** Without one the server may remove WAL before it was received. `isMade`: when it is missing. */
  readonly slot: { readonly name: string; readonly isMade: boolean } | undefined
  /** 1 to 9; undefined = segments are stored as they are. */
  readonly compressLevel: number | undefined
  /** How long a first connection is tried for, in ms; undefined = for ever, for settings that have worked before. */
  readonly firstConnectMs: number | undefined
}

/** A receiver at work. */
export type Task = {
  readonly input: ReceiveWalInput
  readonly run: Run
  readonly writer: ArchiveWriter
  readonly segmentBytes: number
  readonly systemIdentifier: bigint
  readonly state: () => ReceiverState
  readonly show: (state: ReceiverState) => void
  /** When a trouble was told last. */
  readonly repeated: Map<string, number>
}
