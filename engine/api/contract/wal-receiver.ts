import * as z from 'zod'
import type { WireError } from '../../base/engine-error.ts'
import type { IsoTime } from '../../base/iso-time.ts'
import type { Lsn } from '../../base/lsn.ts'
import { command, query, stream } from '../define.ts'
import { instanceRef, type InstanceRef, serverAddress } from './values.ts'

/**
 * `off`: nothing receives. `elsewhere`: another program does. `connecting`, `catching-up` (the server is far ahead),
 * `streaming`: all is well. `reconnecting`: the server cannot be reached or refuses; it is tried again for ever, a first
 * connection for half a minute.
 * `disk-full`: waits for room. `failed`: it ended and wants somebody to look.
 */
export type ReceiverPhaseName =
  'off' | 'elsewhere' | 'connecting' | 'catching-up' | 'streaming' | 'reconnecting' | 'disk-full' | 'failed'

/** The WAL receiver of an instance as it is now. */
export type ReceiverStatus = InstanceRef & {
  readonly phase: ReceiverPhaseName
  /** Whether it is started with the application. */
  readonly isKept: boolean
  /** The newest one that this application knows. */
  readonly job: string | undefined
  /** For `elsewhere`: the process that receives. */
  readonly owner: { readonly pid: number; readonly host: string } | undefined
  readonly slot: string | undefined
  readonly isCompressed: boolean
  readonly timeline: number | undefined
  readonly receivedLsn: Lsn | undefined
  /** Up to where WAL is safe in the archive. */
  readonly flushedLsn: Lsn | undefined
  readonly serverLsn: Lsn | undefined
  /** What the server has and the archive does not have safely, when the server was heard of last. */
  readonly lagBytes: number | undefined
  /** Everything that was committed before is safe. */
  readonly safeAt: IsoTime | undefined
  /** How long ago that was; 0 while the archive has everything. */
  readonly lagMs: number | undefined
  readonly connectedAt: IsoTime | undefined
  readonly lossCount: number
  readonly segmentCount: number
  readonly receivedBytes: number
  /** WAL that the server had removed before it was received, first ones first. */
  readonly gaps: readonly { readonly timeline: number; readonly from: Lsn; readonly to: Lsn }[]
  readonly problem: WireError | undefined
  readonly nextTryAt: IsoTime | undefined
}

/** A name that PostgreSQL takes for a replication slot. */
const slotName = z.string().regex(/^[a-z0-9_]{1,63}$/, 'is not a name for a replication slot')

export const walReceiver = {
  /**
   * Starts to receive WAL into the archive of the instance, now and whenever the application starts, until
   * `wal-receiver.stop`. A receiver that runs with the same settings is left alone. A new one that never connected fails
   * after half a minute, and is not started again; one that was kept already is tried for ever.
   */
  'wal-receiver.start': command<{ readonly job: string }>()(
    z.strictObject({
      ...instanceRef,
      /** Without one the server may remove WAL before it was received. */
      slot: slotName.optional(),
      /** Makes the slot where the server has none of that name. */
      createSlot: z.boolean().optional(),
      /** Segments are stored as gzip of this level; 0 or nothing = as they are. */
      compressLevel: z.number().int().min(0).max(9).optional(),
      connection: serverAddress.optional(),
      password: z.string().max(4096).optional(),
    }),
  ),
  /** Stops it and does not start it again. Nothing that has arrived is lost; the slot stays on the server. */
  'wal-receiver.stop': command<ReceiverStatus>()(z.strictObject(instanceRef)),
  'wal-receiver.status': query<ReceiverStatus>()(z.strictObject(instanceRef)),
  /** Begins with how it is, then every change, at most twice a second. */
  'wal-receiver.watch': stream<ReceiverStatus>()(z.strictObject(instanceRef)),
  /** Of every instance that has one, running or kept. */
  'wal-receiver.list': query<readonly ReceiverStatus[]>()(z.strictObject({})),
}
