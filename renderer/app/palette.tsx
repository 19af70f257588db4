import { type KeyboardEvent, useId, useState } from 'react'
import { useTexts } from '../lib/i18n.ts'
import { Dialog } from '../ui/parts.tsx'

/** Something the palette can do. */
export type PaletteEntry = { readonly label: string; readonly run: () => void }

/** Search or run: type a part of a name, ↑ and ↓ choose, Enter runs. */
export function Palette({
  entries,
  onClose,
}: {
  readonly entries: readonly PaletteEntry[]
  readonly onClose: () => void
}) {
  const { say } = useTexts()
  const [text, setText] = useState('')
  const [index, setIndex] = useState(0)
  const list = useId()
  const words = text.toLowerCase().split(/\s+/)
  const fitting = entries
    .filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)))
    .slice(0, 12)
  const chosen = Math.min(index, fitting.length - 1)
  const run = (entry: PaletteEntry | undefined): void => {
    if (entry === undefined) return
    onClose()
    entry.run()
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setIndex(Math.min(fitting.length - 1, chosen + 1))
    else if (event.key === 'ArrowUp') setIndex(Math.max(0, chosen - 1))
    else if (event.key === 'Enter') run(fitting[chosen])
    else return
    event.preventDefault()
  }
  return (
    <Dialog title={say('palette.title')} closeLabel={say('common.close')} onClose={onClose}>
      <input
        data-first
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={fitting[chosen] === undefined ? undefined : `${list}-${chosen}`}
        aria-label={say('palette.title')}
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setIndex(0)
        }}
        onKeyDown={onKey}
      />
      <div role="listbox" id={list} aria-label={say('palette.title')} className="palette">
        {fitting.map((entry, at) => (
          <div
            key={entry.label}
            id={`${list}-${at}`}
            role="option"
            aria-selected={at === chosen}
            onClick={() => run(entry)}
            onPointerMove={() => setIndex(at)}
          >
            {entry.label}
          </div>
        ))}
      </div>
      {fitting.length === 0 ? <p className="quiet">{say('palette.none')}</p> : null}
    </Dialog>
  )
}
