/**
 * Whether what there is of a segment ends before what another file has of the same one: they are equal up to there, and
 * then the partial one has zeros only. Pure.
 */
export function endsBefore(partial: Uint8Array, other: Uint8Array): boolean {
  const length = Math.max(partial.length, other.length)
  let at = 0
  while (at < length && (partial[at] ?? 0) === (other[at] ?? 0)) at++
  return at < length && partial.subarray(at).every((byte) => byte === 0)
}
