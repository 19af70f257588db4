import { resolve } from 'node:path'
import { formatLsn } from '../../base/lsn.ts'
import type { ControlFile } from '../../format/control-file.ts'
import type { ReadableBackup } from '../steps/chain-file.ts'
import type { Links } from './clearing.ts'
import type { Destination } from './destination.ts'
import type { UnfinishedRestore } from './interrupted.ts'
import { findShift, redoPoint } from './redo-point.ts'
import type { IncrementalMode, RestoreFacts, RestoreInput } from './restore-facts.ts'

/** Why a mode is not possible. The codes are those of `base/preflight-hints.ts` and of the window. */
type ModeRefusal = {
  readonly code:
    | 'not-a-cluster'
    | 'other-system'
    | 'pid-file-mangled'
    | 'label-present'
    | 'not-shut-down'
    | 'control-missing'
    | 'no-checksums'
    | 'other-timeline'
    | 'out-of-reach'
    | 'partial-over-others'
  readonly values: Readonly<Record<string, string | number>>
}

/** What a restore does with a directory that is not empty. */
export type IncrementalDecision = {
  readonly mode: IncrementalMode
  /** Why not, when the directory stands in the way. */
  readonly refusal: ModeRefusal | undefined
  /** The directory holds another cluster and is emptied first, as was forced. */
  readonly isWiped: boolean
  /** The restore that is taken up again. */
  readonly continues: UnfinishedRestore | undefined
  /** Of the `lsn` mode: where directory and chain part. */
  readonly shift: ReadableBackup | undefined
  /** Every mode, asked for or not. */
  readonly modes: readonly {
    readonly mode: Exclude<IncrementalMode, 'none'>
    readonly refusal: ModeRefusal | undefined
  }[]
}

/** What {@link decideIncremental} needs to know. */
type DestinationFacts = Pick<RestoreFacts, 'chain' | 'destination' | 'systemIdentifier'>

/**
 * Decides what becomes of a directory that is not empty; undefined when it is. An unfinished restore of this instance is
 * always taken up again: nothing in it can have been started, nor be anybody's data. Pure.
 * Source: `catalog-format.md` sections 10.1, 10.4 and 10.9.
 */
export function decideIncremental(
  input: RestoreInput,
  facts: DestinationFacts,
): IncrementalDecision | undefined {
  const { destination, systemIdentifier } = facts
  if (destination === undefined) return undefined
  const continues =
    destination.unfinished?.systemIdentifier === systemIdentifier ? destination.unfinished : undefined
  const isContinued = continues !== undefined
  const modes = (['checksum', 'lsn'] as const).map((mode) => ({
    mode,
    refusal: refusalOf(mode, input, facts, isContinued),
  }))
  const asked = input.incrementalMode === 'none' && isContinued ? 'checksum' : input.incrementalMode
  const refusal = modes.find(({ mode }) => mode === asked)?.refusal
  const isWiped = refusal?.code === 'other-system' && input.isForced
  const shift = asked === 'lsn' && refusal === undefined ? shiftOf(facts, destination.control) : undefined
  return {
    mode: refusal === undefined ? asked : 'none',
    refusal: isWiped ? undefined : refusal,
    isWiped,
    continues: refusal === undefined && asked !== 'none' ? continues : undefined,
    shift: shift?.kind === 'found' ? shift.backup : undefined,
    modes,
  }
}

/** Whether a place besides the data directory may hold files: they are those of this very cluster. */
export function isOwnPlace(
  place: string,
  decision: IncrementalDecision | undefined,
  { links, destination }: { readonly links: Links; readonly destination: Destination | undefined },
): boolean {
  if (decision === undefined || decision.mode === 'none' || destination === undefined) return false
  if (decision.continues?.places.some((one) => resolve(one) === resolve(place)) === true) return true
  for (const [name, to] of links) {
    if (resolve(to) === resolve(place)) return destination.links.get(name) === resolve(place)
  }
  return false
}

function refusalOf(
  mode: 'checksum' | 'lsn',
  input: RestoreInput,
  facts: DestinationFacts,
  isContinued: boolean,
): ModeRefusal | undefined {
  const { destination, systemIdentifier = '' } = facts
  const control = destination?.control
  if (destination === undefined) return undefined
  if (destination.isPidFileMangled) return { code: 'pid-file-mangled', values: {} }
  if (control === undefined) {
    if (!isContinued) return { code: 'not-a-cluster', values: {} }
  } else if (String(control.systemIdentifier) !== systemIdentifier) {
    return {
      code: 'other-system',
      values: { found: String(control.systemIdentifier), expected: systemIdentifier },
    }
  }
  if (mode === 'lsn') {
    const refusal = lsnRefusal(facts, destination)
    if (refusal !== undefined) return refusal
  }
  const isPartial = input.databases !== undefined
  if (isPartial && !input.destroysOtherDatabases && !isContinued)
    return { code: 'partial-over-others', values: {} }
  return undefined
}

function lsnRefusal(facts: DestinationFacts, destination: Destination): ModeRefusal | undefined {
  const { control } = destination
  if (destination.hasBackupLabel) return { code: 'label-present', values: {} }
  if (control === undefined || !destination.isControlInPlace) return { code: 'control-missing', values: {} }
  if (control.state !== 'shut-down' && control.state !== 'shut-down-in-recovery')
    return { code: 'not-shut-down', values: { state: control.state } }
  if (control.dataChecksumVersion === 0) return { code: 'no-checksums', values: {} }
  const shift = shiftOf(facts, control)
  if (shift === undefined || shift.kind === 'found') return undefined
  const redo = redoPoint(control)
  return { code: shift.kind, values: { lsn: formatLsn(redo.lsn), timeline: redo.timeline } }
}

function shiftOf({ chain, destination }: DestinationFacts, control: ControlFile | undefined) {
  if (control === undefined || destination === undefined) return undefined
  return findShift(
    chain.map(({ backup }) => backup),
    redoPoint(control),
    { own: destination.ownHistory, archived: destination.archivedHistory },
  )
}
