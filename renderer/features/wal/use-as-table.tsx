import { type KeyboardEvent, type ReactNode, useState } from 'react'
import { useTexts } from '../../lib/i18n.ts'

/** Whether a card shows its picture as a table: by its button, or by T while the keys are in the card. */
export function useAsTable(): {
  readonly isTable: boolean
  readonly button: ReactNode
  readonly onKey: (event: KeyboardEvent) => void
} {
  const { say } = useTexts()
  const [isTable, setTable] = useState(false)
  const toggle = (): void => setTable(!isTable)
  return {
    isTable,
    button: (
      <button type="button" className="button small" aria-pressed={isTable} title="T" onClick={toggle}>
        {say('wal.as-table')}
      </button>
    ),
    onKey: (event) => {
      if (event.key.toLowerCase() !== 't' || event.ctrlKey || event.metaKey || event.altKey) return
      toggle()
      event.preventDefault()
    },
  }
}
