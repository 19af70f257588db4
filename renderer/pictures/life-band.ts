import { widthOf } from './fit-text.ts'

const FONT_PX = 11.5
const GAP_PX = 5

/** From where to where, in pixels. */
type Span = { readonly start: number; readonly end: number }

/**
 * Where the name of the band of the promised window goes: the first of `texts` that fits inside of it, before it or
 * behind it, over neither its edges nor the word at the line of today. Undefined where there is no room at all.
 */
export function placeBandName(
  texts: readonly string[],
  band: Span,
  now: { readonly x: number; readonly word: string },
  room: Span,
): { readonly text: string; readonly x: number } | undefined {
  const word: Span = { start: now.x - GAP_PX, end: now.x + 2 * GAP_PX + widthOf(now.word, FONT_PX) }
  for (const text of texts) {
    const width = widthOf(text, FONT_PX)
    const places = [
      { x: band.start + GAP_PX, within: band },
      { x: band.end - GAP_PX - width, within: band },
      { x: band.start - GAP_PX - width, within: { start: room.start, end: band.start } },
      { x: band.end + GAP_PX, within: { start: band.end, end: room.end } },
    ]
    const place = places.find(
      ({ x, within }) =>
        x >= within.start && x + width <= within.end && (x + width <= word.start || x >= word.end),
    )
    if (place !== undefined) return { text, x: place.x }
  }
  return undefined
}
