import { useLayoutEffect, useRef } from 'react'
import { travel } from '../lib/stores.ts'

/** What the keys of the whole window do. */
export type KeyActions = {
  filter(): void
  help(): void
  palette(): void
  jobs(): void
  backUp(): void
  tab(index: number): void
  refresh(): void
}

/** Keys that hold everywhere, from the moment that anything is seen. Single characters do nothing while a text is being typed or a dialog is open. */
export function useKeys(actions: KeyActions): void {
  const held = useRef(actions)
  useLayoutEffect(() => {
    held.current = actions
  })
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (act(event, held.current)) event.preventDefault()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}

function act(event: KeyboardEvent, actions: KeyActions): boolean {
  if (document.querySelector('dialog[open]') !== null) return false
  if (event.key === 'F6') return cycleRegions(event.shiftKey ? -1 : 1)
  if (event.altKey && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
    travel(event.key === 'ArrowLeft' ? -1 : 1)
    return true
  }
  if (event.ctrlKey || event.metaKey) {
    if (event.altKey || event.shiftKey) return false
    const action = {
      k: actions.palette,
      j: actions.jobs,
      b: actions.backUp,
      r: actions.refresh,
      f: actions.filter,
    }[event.key.toLowerCase()]
    if (action !== undefined) {
      action()
      return true
    }
    if (/^[1-7]$/.test(event.key)) {
      actions.tab(Number(event.key) - 1)
      return true
    }
    return false
  }
  if (isTyping(event.target)) return false
  if (event.key === '/') actions.filter()
  else if (event.key === '?') actions.help()
  else return false
  return true
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]')
}

/** Moves the focus to the next region (sidebar, picture, list, inspector, dock) in the order of the page. */
function cycleRegions(direction: 1 | -1): boolean {
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')]
  if (regions.length === 0) return false
  const at = regions.findIndex((region) => region.contains(document.activeElement))
  const next = regions[(at + direction + regions.length) % regions.length]
  const stop = next?.matches('[tabindex]')
    ? next
    : (next?.querySelector<HTMLElement>('[tabindex="0"], button:not(:disabled), input, select') ?? next)
  stop?.focus()
  return true
}
