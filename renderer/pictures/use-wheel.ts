import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react'

/** Listens to the wheel with the right to keep the page from scrolling, which React's own listeners do not have. */
export function useWheel(element: RefObject<Element | null>, onWheel: (event: WheelEvent) => void): void {
  const held = useRef(onWheel)
  useLayoutEffect(() => {
    held.current = onWheel
  })
  useEffect(() => {
    const at = element.current
    const listen = (event: WheelEvent): void => held.current(event)
    at?.addEventListener('wheel', listen as EventListener, { passive: false })
    return () => at?.removeEventListener('wheel', listen as EventListener)
  }, [element])
}
