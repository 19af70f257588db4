import { type ClipboardEvent, type KeyboardEvent, type ReactNode, useRef, useState } from 'react'
import {
  msOfWallTime,
  PART_BOUNDS,
  readWholeTime,
  stepWallTime,
  TIME_PARTS,
  type TimePart,
  wallTimeOf,
} from '../lib/zone-time.ts'

const BEFORE: Readonly<Record<TimePart, string>> = {
  year: '',
  month: '-',
  day: '-',
  hour: '\u2002',
  minute: ':',
  second: ':',
  micros: '.',
}

/**
 * A moment down to its microseconds, part by part: digits are typed, ↑ and ↓ change a part (with ⇧ ten times as much),
 * ← and → lead to the next. A whole time can be pasted.
 */
export function TimeField(props: {
  readonly label: string
  readonly partLabel: (part: TimePart) => string
  /** Unix milliseconds, microseconds behind the point; undefined while none is chosen. */
  readonly ms: number | undefined
  readonly zone: string
  readonly onChange: (ms: number) => void
  /** What is said of a pasted text that is no time. */
  readonly unreadable: (text: string) => string
  /** What says and changes the zone. */
  readonly children: ReactNode
}) {
  const { ms, zone, onChange } = props
  const group = useRef<HTMLDivElement>(null)
  const [typed, setTyped] = useState<{ readonly part: TimePart; readonly digits: string } | undefined>()
  // It was to replace this time, and is forgotten with it.
  const [refused, setRefused] = useState<{ readonly text: string; readonly ms: number | undefined }>()
  const wall = ms === undefined ? undefined : wallTimeOf(ms, zone)

  const commit = (part: TimePart, digits: string): void => {
    setTyped(undefined)
    const { least, most, digits: room } = PART_BOUNDS[part]
    // Digits behind the point are filled up from the right.
    const value = Number(part === 'micros' ? digits.padEnd(room, '0') : digits)
    if (wall === undefined || digits === '' || value < least) return
    onChange(msOfWallTime({ ...wall, [part]: Math.min(most, value) }, zone))
  }
  const focus = (part: TimePart, by: 1 | -1): void => {
    const stops = [...(group.current?.querySelectorAll<HTMLElement>('[role=spinbutton]') ?? [])]
    stops[TIME_PARTS.indexOf(part) + by]?.focus()
  }
  const onKey = (event: KeyboardEvent, part: TimePart): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    setRefused(undefined)
    const digits = typed?.part === part ? typed.digits : ''
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key]
    if (/^\d$/.test(event.key)) {
      const next = digits + event.key
      const { most, digits: room } = PART_BOUNDS[part]
      const isFull = next.length === room || (part !== 'micros' && Number(next) * 10 > most)
      if (isFull) {
        commit(part, next)
        focus(part, 1)
      } else setTyped({ part, digits: next })
    } else if (event.key === 'Backspace') setTyped({ part, digits: digits.slice(0, -1) })
    else if (event.key === 'Enter') commit(part, digits)
    else if (event.key === 'ArrowRight') focus(part, 1)
    else if (event.key === 'ArrowLeft') focus(part, -1)
    else if (by !== undefined && wall !== undefined) {
      setTyped(undefined)
      onChange(msOfWallTime(stepWallTime(wall, part, by * (event.shiftKey ? 10 : 1)), zone))
    } else return
    event.preventDefault()
    event.stopPropagation()
  }
  const onPaste = (event: ClipboardEvent): void => {
    const text = event.clipboardData.getData('text').trim()
    const read = readWholeTime(text, zone)
    event.preventDefault()
    setTyped(undefined)
    setRefused(read === undefined ? { text: shortened(text), ms } : undefined)
    if (read !== undefined) onChange(read)
  }
  return (
    <div ref={group} className="time-field" role="group" aria-label={props.label} onPaste={onPaste}>
      <span className="time-parts">
        {TIME_PARTS.map((part) => {
          const { least, most, digits: room } = PART_BOUNDS[part]
          const value = wall?.[part]
          const text = value === undefined ? '–'.repeat(room) : String(value).padStart(room, '0')
          const shown = typed?.part === part ? typed.digits.padEnd(room, '_') : text
          return (
            <span key={part}>
              <span aria-hidden="true" className="time-between">
                {BEFORE[part]}
              </span>
              <span
                role="spinbutton"
                tabIndex={0}
                aria-label={props.partLabel(part)}
                aria-valuemin={least}
                aria-valuemax={most}
                aria-valuenow={value}
                aria-valuetext={shown}
                onKeyDown={(event) => onKey(event, part)}
                onBlur={() => {
                  if (typed?.part === part) commit(part, typed.digits)
                }}
              >
                {shown}
              </span>
            </span>
          )
        })}
      </span>
      {props.children}
      {refused === undefined || refused.ms !== ms ? null : (
        <span role="alert" className="status broken">
          ✕ {props.unreadable(refused.text)}
        </span>
      )}
    </div>
  )
}

const MOST_SHOWN = 40

/** A clipboard may hold a whole book. */
function shortened(text: string): string {
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}…`
}
