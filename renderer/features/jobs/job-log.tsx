import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef, useState } from 'react'
import { isLogged, type LogEntry } from '../../../engine/base/log.ts'
import { useEngine } from '../../lib/engine.tsx'
import { useTexts } from '../../lib/i18n.ts'

const LINE_PX = 20
const PAGE_LINES = 2000
/** What is held in the window; the file on disk has everything. */
const MOST_LINES = 20_000
const LEVELS = ['verbose', 'log', 'info', 'warning', 'error'] as const

/** The log of a job, asked for in ranges by line number. Follows its end until somebody scrolls up. */
export function JobLog({
  id,
  total,
  isRunning,
}: {
  readonly id: string
  readonly total: number
  readonly isRunning: boolean
}) {
  const { say } = useTexts()
  const { entries, failure } = useLog(id, total)
  const [level, setLevel] = useState<(typeof LEVELS)[number]>('log')
  const [search, setSearch] = useState('')
  const [isFollowing, setFollowing] = useState(isRunning)
  const shown = useMemo(() => {
    const wanted = search.toLowerCase()
    return entries.filter(
      (entry) =>
        isLogged(entry.level, level) && (wanted === '' || entry.message.toLowerCase().includes(wanted)),
    )
  }, [entries, level, search])
  const box = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => box.current,
    estimateSize: () => LINE_PX,
    overscan: 20,
  })
  useEffect(() => {
    if (isFollowing && shown.length > 0) virtual.scrollToIndex(shown.length - 1)
  }, [isFollowing, shown.length, virtual])
  return (
    <section className="job-log" aria-label={say('jobs.log')} data-region>
      <div className="row">
        <h2>{say('jobs.log')}</h2>
        <input
          type="search"
          aria-label={say('jobs.log-search')}
          placeholder={say('jobs.log-search')}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <select
          aria-label={say('jobs.log-level')}
          value={level}
          onChange={(event) => setLevel(LEVELS.find((one) => one === event.target.value) ?? 'log')}
        >
          {LEVELS.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
        <label className="field check">
          <input
            type="checkbox"
            checked={isFollowing}
            onChange={(event) => setFollowing(event.target.checked)}
          />
          <span>{say('jobs.log-follow')}</span>
        </label>
      </div>
      {failure === undefined ? null : (
        <p role="alert" className="status broken">
          {failure}
        </p>
      )}
      {shown.length === 0 ? <p className="quiet">{say('jobs.log-empty')}</p> : null}
      <div
        ref={box}
        className="log-lines"
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={say('jobs.log')}
        onWheel={(event) => {
          if (event.deltaY < 0) setFollowing(false)
        }}
      >
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((item) => {
            const entry = shown[item.index]
            if (entry === undefined) return null
            return (
              <div
                key={item.key}
                className={`log-line ${entry.level}`}
                style={{ transform: `translateY(${item.start}px)` }}
                title={entry.message}
              >
                <time>{clockText(entry.atMs)}</time>
                <b>{entry.level}</b>
                <span>{entry.message}</span>
              </div>
            )
          })}
        </div>
      </div>
    </section>
  )
}

/** The lines of a log so far, fetched as `total` grows. */
function useLog(
  id: string,
  total: number,
): { readonly entries: readonly LogEntry[]; readonly failure: string | undefined } {
  const engine = useEngine()
  const [held, setHeld] = useState<{
    readonly id: string
    readonly next: number
    readonly entries: readonly LogEntry[]
  }>({
    id,
    next: 0,
    entries: [],
  })
  const [failure, setFailure] = useState<string | undefined>(undefined)
  const from = held.id === id ? held.next : 0
  // A log that grows must not cut off the question that is under way.
  const hasMore = from < total
  useEffect(() => {
    if (!hasMore) return
    const stop = new AbortController()
    engine['jobs.log']({ job: id, from, limit: PAGE_LINES }, { signal: stop.signal }).then(
      (page) => {
        if (stop.signal.aborted) return
        setFailure(undefined)
        setHeld((before) => ({
          id,
          // An answer without lines must not be asked for again at once.
          next: page.entries.length === 0 ? page.total : from + page.entries.length,
          entries: [...(before.id === id ? before.entries : []), ...page.entries].slice(-MOST_LINES),
        }))
      },
      (thrown: unknown) => {
        if (!stop.signal.aborted) setFailure(thrown instanceof Error ? thrown.message : String(thrown))
      },
    )
    return () => stop.abort()
  }, [engine, id, from, hasMore])
  return { entries: held.id === id ? held.entries : [], failure }
}

function clockText(atMs: number): string {
  const date = new Date(atMs)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`
}
