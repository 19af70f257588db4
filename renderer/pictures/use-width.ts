import { type RefObject, useLayoutEffect, useRef, useState } from 'react'

/**
 * The width of an element in pixels, followed as it changes; `least` is a lower bound. It is measured before anything is
 * painted: a picture never moves below the pointer because it was drawn at another width first.
 */
export function useWidth(least: number): readonly [RefObject<HTMLDivElement | null>, number] {
  const element = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(least)
  useLayoutEffect(() => {
    const follow = (now: number): void => setWidth(Math.max(least, now))
    const observer = new ResizeObserver(([entry]) => follow(entry?.contentRect.width ?? least))
    if (element.current !== null) {
      follow(contentWidthOf(element.current))
      observer.observe(element.current)
    }
    return () => observer.disconnect()
  }, [least])
  return [element, width]
}

/** What an observer of the element would tell. */
function contentWidthOf(element: HTMLElement): number {
  const style = getComputedStyle(element)
  const edges = [style.paddingLeft, style.paddingRight, style.borderLeftWidth, style.borderRightWidth]
  return element.getBoundingClientRect().width - edges.reduce((sum, text) => sum + Number.parseFloat(text), 0)
}
