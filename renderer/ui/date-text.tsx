import { type KeyboardEvent, useState } from 'react'
import { stepDay } from '../lib/zone-time.ts'

/**
 * A day, or a day with a time, as text in one order whatever the language of the browser, which native fields follow
 * instead of that of the window. ↑ and ↓ change the day. What is half typed or no time changes nothing, says the format,
 * and goes when the field is left.
 */
export function DateText(props: {
  /** Of the field, where no label is around it. */
  readonly label?: string
  /** `YYYY-MM-DD`, say. */
  readonly format: string
  readonly value: string
  readonly isValid: (text: string) => boolean
  /** Hears of what is valid, and of the empty text. */
  readonly onText: (text: string) => void
  /** The first thing of its dialog. */
  readonly isFirst?: boolean
}) {
  const { format, value, isValid, onText } = props
  const [draft, setDraft] = useState<string | undefined>(undefined)
  const shown = draft ?? value
  const isWrong = shown !== '' && !isValid(shown)
  const take = (text: string): void => {
    setDraft(text)
    if (text === '' || isValid(text)) onText(text)
  }
  const onKey = (event: KeyboardEvent): void => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key]
    if (event.altKey || event.ctrlKey || event.metaKey) return
    if (event.key === 'Enter' && isWrong) event.preventDefault()
    // What it does elsewhere may change the value.
    if (event.key === 'Escape') setDraft(undefined)
    const stepped = by === undefined ? undefined : stepDay(shown, event.shiftKey ? by * 7 : by)
    if (stepped === undefined) return
    event.preventDefault()
    event.stopPropagation()
    take(stepped)
  }
  return (
    <span className="date-text">
      <input
        type="text"
        inputMode="numeric"
        autoComplete="off"
        spellCheck={false}
        aria-label={props.label}
        aria-description={format}
        aria-invalid={isWrong || undefined}
        placeholder={format}
        maxLength={format.length}
        size={format.length}
        value={shown}
        data-first={props.isFirst === true ? '' : undefined}
        onChange={(event) => take(event.target.value)}
        onKeyDown={onKey}
        onBlur={() => setDraft(undefined)}
      />
      {isWrong ? (
        <small className="date-format" aria-hidden="true">
          {format}
        </small>
      ) : null}
    </span>
  )
}
