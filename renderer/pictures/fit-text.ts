/** Where text may be written, in pixels. */
type Room = { readonly left: number; readonly right: number }

/** A text with its place: `x` is its start or its end, as `anchor` says. */
export type PlacedText = { readonly text: string; readonly x: number; readonly anchor: 'start' | 'end' }

/** Letters are at most about so wide, as a share of their size; those of CJK fill a square. */
const LETTER = 0.6
const FIRST_CJK = '\u2E80'
const FEWEST_LETTERS = 5

/**
 * Writes the first of some texts that fits beside a mark: to the right of `end` where that has room, else to the left of
 * `start`. Where none does, the last is cut on the side with more room; undefined where nothing of worth would be left.
 */
export function placeBeside(
  texts: readonly string[],
  fontPx: number,
  { start, end }: { readonly start: number; readonly end: number },
  { left, right }: Room,
): PlacedText | undefined {
  for (const text of texts) {
    const width = widthOf(text, fontPx)
    if (width <= right - end) return { text, x: end, anchor: 'start' }
    if (width <= start - left) return { text, x: start, anchor: 'end' }
  }
  const isRight = right - end >= start - left
  const cut = cutTo(texts.at(-1) ?? '', fontPx, isRight ? right - end : start - left)
  if (cut === undefined) return undefined
  return { text: cut, x: isRight ? end : start, anchor: isRight ? 'start' : 'end' }
}

/** So wide a text is at most. */
export function widthOf(text: string, fontPx: number): number {
  return [...text].reduce((sum, letter) => sum + (letter >= FIRST_CJK ? 1 : LETTER) * fontPx, 0)
}

/** Those of rising values whose places are at least so many pixels behind the one before. */
export function farApart(
  values: readonly number[],
  toX: (value: number) => number,
  leastPx: number,
): readonly number[] {
  const kept: number[] = []
  for (const value of values) {
    const before = kept.at(-1)
    if (before === undefined || toX(value) - toX(before) >= leastPx) kept.push(value)
  }
  return kept
}

function cutTo(text: string, fontPx: number, roomPx: number): string | undefined {
  const letters = [...text]
  while (letters.length > 0 && widthOf(`${letters.join('')}…`, fontPx) > roomPx) letters.pop()
  return letters.length < FEWEST_LETTERS ? undefined : `${letters.join('').replace(/[\s·,–，]+$/, '')}…`
}
