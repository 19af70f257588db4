/**
 * How wide marks at these places are drawn, in pixels: `mostPx` where there is room, else half of the way to the nearest
 * other one, so that marks stay apart and what lies behind them can be seen.
 */
export function markWidths(places: readonly number[], mostPx: number): readonly number[] {
  const rising = places.toSorted((a, b) => a - b)
  const widthAt = new Map(
    rising.map((place, index) => {
      const before = index === 0 ? Infinity : place - (rising[index - 1] ?? place)
      const after = (rising[index + 1] ?? Infinity) - place
      return [place, Math.min(mostPx, Math.max(LEAST_PX, Math.min(before, after) / 2))]
    }),
  )
  return places.map((place) => widthAt.get(place) ?? mostPx)
}

const LEAST_PX = 1
