import type { Clock } from '../base/clock.ts'
import { EngineError } from '../base/engine-error.ts'
import { type IsoTime, isoFromMs } from '../base/iso-time.ts'
import type { Log } from '../base/log.ts'
import type { ScratchServer } from '../server/scratch-server.ts'
import type { ScratchServerRecord } from './contract/scratch.ts'

/** Takes part of the memory of the machine, each of them. */
const MOST_SERVERS = 8
/** So much longer a server stays when its time is up while something is being taken from it. */
const HELD_MINUTES = 5
/** Longer than this no timer of Node waits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** A server with what has to be removed after it. */
export type KeptServer = {
  readonly server: ScratchServer
  /** The version of the server. */
  readonly major: number
  /** Stops the server and removes its files. Safe to call again. */
  readonly close: () => Promise<void>
  readonly record: Omit<ScratchServerRecord, 'deadline'>
}

/** The scratch servers that are left up. Disposing stops and removes all of them. */
export type ScratchServers = AsyncDisposable & {
  /** @throws {EngineError} `plan.refused` when there are too many */
  requireRoom(): void
  add(kept: KeptServer, minutes: number): ScratchServerRecord
  list(): readonly ScratchServerRecord[]
  /** @throws {EngineError} `value.malformed` when there is none of that name, any more */
  require(id: string): KeptServer
  keep(id: string, minutes: number): ScratchServerRecord
  /** Until it is disposed, the end of the server's time is put off; only `stop` ends the server. */
  hold(id: string): Disposable
  /** Its recovery is over. */
  setOpen(id: string): ScratchServerRecord
  stop(id: string): Promise<void>
}

type Entry = Omit<KeptServer, 'record'> & {
  record: KeptServer['record']
  deadlineMs: number
  timer: NodeJS.Timeout | undefined
  holders: number
}

export function openScratchServers(options: {
  readonly clock: Clock
  readonly log: Log
  /** Told whenever one comes or goes. */
  readonly onChange: (record: ScratchServerRecord) => void
}): ScratchServers {
  const { clock, log, onChange } = options
  const entries = new Map<string, Entry>()
  const closing = new Set<Promise<void>>()

  const recordOf = ({ record, deadlineMs }: Entry): ScratchServerRecord => ({
    ...record,
    deadline: isoFromMs(deadlineMs) as IsoTime,
  })

  const find = (id: string): Entry => {
    const entry = entries.get(id)
    if (entry !== undefined) return entry
    throw new EngineError('value.malformed', 'the scratch server is not there any more', {
      hint: 'Its time was up, or somebody stopped it. Start another one.',
    })
  }

  const arm = (entry: Entry, minutes: number): void => {
    clearTimeout(entry.timer)
    entry.deadlineMs = clock.nowMs() + minutes * 60_000
    const timer = setTimeout(() => void endTime(entry), Math.min(minutes * 60_000, LONGEST_TIMER_MS))
    entry.timer = timer.unref()
  }

  async function endTime(entry: Entry): Promise<void> {
    if (entry.holders === 0) return await stop(entry.record.id)
    arm(entry, HELD_MINUTES)
    onChange(recordOf(entry))
  }

  async function stop(id: string): Promise<void> {
    const entry = entries.get(id)
    if (entry === undefined) return
    entries.delete(id)
    clearTimeout(entry.timer)
    const closed = entry
      .close()
      .catch((thrown: unknown) => log.warning(`a scratch server was not removed: ${String(thrown)}`))
    closing.add(closed)
    await closed
    closing.delete(closed)
    onChange(recordOf(entry))
  }

  return {
    requireRoom() {
      if (entries.size < MOST_SERVERS) return
      throw new EngineError('plan.refused', `${entries.size} scratch servers are up already`, {
        hint: 'Stop one of them first.',
      })
    },
    add(kept, minutes) {
      const entry: Entry = { ...kept, deadlineMs: 0, timer: undefined, holders: 0 }
      entries.set(kept.record.id, entry)
      arm(entry, minutes)
      onChange(recordOf(entry))
      return recordOf(entry)
    },
    list: () => [...entries.values()].map(recordOf),
    require: find,
    keep(id, minutes) {
      const entry = find(id)
      arm(entry, minutes)
      onChange(recordOf(entry))
      return recordOf(entry)
    },
    hold(id) {
      const entry = find(id)
      entry.holders++
      return { [Symbol.dispose]: () => void entry.holders-- }
    },
    setOpen(id) {
      const entry = find(id)
      entry.record = { ...entry.record, state: 'open' }
      onChange(recordOf(entry))
      return recordOf(entry)
    },
    async stop(id) {
      find(id)
      await stop(id)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...entries.keys()].map(stop))
      await Promise.all(closing)
    },
  }
}
