import { type RefObject, useEffect, useRef, useState } from 'react'

/** The width of an element in pixels, followed as it changes; `least` before it is known and as a lower bound. */
export function useWidth(least: number): readonly [RefObject<HTMLDivElement | null>, number] {
  const element = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(least)
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.max(least, entry?.contentRect.width ?? least)),
    )
    if (element.current !== null) observer.observe(element.current)
    return () => observer.disconnect()
  }, [least])
  return [element, width]
}
