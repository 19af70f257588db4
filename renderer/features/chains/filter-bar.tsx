import { useMemo } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'
import type { TimeRange } from '../../pictures/time-range.ts'
import { DateText } from '../../ui/date-text.tsx'
import { filterWords, suggestionsFor, takeRange, toggleWord, withEdge } from './backup-filter.ts'
import { readMoment, writeMoment } from './moments.ts'

/** What is shown of the backups: words as chips, and the times of the picture. */
export type Filter = { readonly words: readonly string[]; readonly range: TimeRange | undefined }

/** The filter of the list and the picture: typed or chosen, and the range of time, which the picture shares. */
export function FilterBar(props: {
  readonly backups: readonly BackupRecord[]
  readonly shownCount: number
  readonly filter: Filter
  readonly onFilter: (filter: Filter) => void
  /** What is being typed holds already. */
  readonly typed: string
  readonly onType: (typed: string) => void
  readonly isFlat: boolean
  readonly onFlat: (isFlat: boolean) => void
}) {
  const { backups, filter, onFilter, typed, onType, isFlat } = props
  const { words, range } = filter
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const suggestions = useMemo(() => suggestionsFor(backups), [backups])
  const isSuggested = (word: string): boolean =>
    suggestions.some(({ name, value }) => word === `${name}:${value}`)
  const take = (): void => {
    onFilter(
      takeRange([...words, ...filterWords(typed).filter((word) => !words.includes(word))], zone, range),
    )
    onType('')
  }
  const setEdge = (edge: 'from' | 'to', text: string): void => {
    const open = edge === 'from' ? -Infinity : Infinity
    const next = withEdge(range ?? [-Infinity, Infinity], edge, readMoment(text, zone) ?? open)
    onFilter({ words, range: next[0] === -Infinity && next[1] === Infinity ? undefined : next })
  }
  return (
    <form
      className="filter-bar"
      role="search"
      aria-label={say('chains.filter')}
      onSubmit={(event) => {
        event.preventDefault()
        take()
      }}
    >
      <input
        type="search"
        className="filter"
        aria-label={say('chains.filter')}
        placeholder={say('chains.filter-hint')}
        title={say('chains.filter-syntax')}
        value={typed}
        onChange={(event) => onType(event.target.value)}
      />
      <EdgeField
        label={say('chains.from')}
        ms={range?.[0]}
        zone={zone}
        onText={(text) => setEdge('from', text)}
      />
      <EdgeField
        label={say('chains.to')}
        ms={range?.[1]}
        zone={zone}
        onText={(text) => setEdge('to', text)}
      />
      <div className="filter-row">
        <div className="chips">
          {suggestions.map(({ name, value, count }) => {
            const isOn = words.some(
              (word) =>
                word.startsWith(`${name}:`) &&
                word
                  .slice(name.length + 1)
                  .split(',')
                  .includes(value),
            )
            return (
              <button
                key={`${name}:${value}`}
                type="button"
                className="chip"
                aria-pressed={isOn}
                onClick={() => onFilter({ words: toggleWord(words, name, value), range })}
              >
                {name === 'is' ? say('chains.pinned') : name === 'tli' ? `TLI ${value}` : value.toUpperCase()}{' '}
                <span className="quiet">{count}</span>
              </button>
            )
          })}
          {words
            .filter((word) => !isSuggested(word) && !isJoined(word, suggestions))
            .map((word) => (
              <button
                key={word}
                type="button"
                className="chip"
                aria-pressed="true"
                aria-label={say('chains.remove-filter', { filter: word })}
                onClick={() => onFilter({ words: words.filter((one) => one !== word), range })}
              >
                {word} ✕
              </button>
            ))}
        </div>
        <div className="count">
          <span className="quiet numbers" role="status">
            {say('chains.shown', { shown: props.shownCount, total: backups.length })}
          </span>
          <button
            type="button"
            className={
              words.length === 0 && range === undefined
                ? 'button plain small all is-idle'
                : 'button plain small all'
            }
            aria-label={say('chains.show-everything')}
            title={say('chains.show-everything')}
            onClick={() => {
              onType('')
              onFilter({ words: [], range: undefined })
            }}
          >
            ✕
          </button>
          <button type="button" className="chip" aria-pressed={isFlat} onClick={() => props.onFlat(!isFlat)}>
            {say('chains.flat')}
          </button>
        </div>
      </div>
    </form>
  )
}

/** Whether every value of a condition is shown as a chip already. */
function isJoined(
  word: string,
  suggestions: readonly { readonly name: string; readonly value: string }[],
): boolean {
  const [name, values] = word.split(':')
  return (
    values !== undefined &&
    values.split(',').every((value) => suggestions.some((one) => one.name === name && one.value === value))
  )
}

/** One end of the range as a date and a time. */
function EdgeField(props: {
  readonly label: string
  readonly ms: number | undefined
  readonly zone: string
  readonly onText: (text: string) => void
}) {
  const { label, ms, zone, onText } = props
  return (
    <label className="edge">
      <span>{label}</span>
      <DateText
        format="YYYY-MM-DD HH:MM"
        value={ms === undefined || !Number.isFinite(ms) ? '' : writeMoment(ms, zone).replace('T', ' ')}
        isValid={(text) => /^\d{4}-\d\d-\d\d/.test(text) && readMoment(text, zone) !== undefined}
        onText={onText}
      />
    </label>
  )
}
