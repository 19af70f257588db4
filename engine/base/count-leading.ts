/**
 * How many items at the beginning `isLeading` holds for, found by halving: it must hold for none behind the first for which
 * it does not. Of a longer list only the first `length` may be looked at.
 */
export function countLeading<Item>(
  items: ArrayLike<Item>,
  isLeading: (item: Item) => boolean,
  length = items.length,
): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = items[middle]
    if (item !== undefined && isLeading(item)) low = middle + 1
    else high = middle
  }
  return low
}
