import { useMemo } from 'react'
import { LIFE_LABEL_PX } from './life-wal.tsx'

/** What is occupied from a moment on. */
export type LifeStored = { readonly ms: number; readonly bytes: number }

export type LifeStorage = {
  /** Ascending; empty where nothing can be foretold. */
  readonly points: readonly LifeStored[]
  /** Full there; undefined where that is not known. */
  readonly capacityBytes: number | undefined
  /** The name of the strip, what it is on the day that is looked at, all of it in words, and what stands at the limit. */
  readonly name: string
  readonly value: string
  readonly label: string
  readonly limit: string
}

export const STORAGE_PX = 40
const TOP_PX = 6
const STEP_PX = 2
/** A limit that is far above would press the rest flat; it is left out then. */
const MOST_LIMIT = 1.6

/** The fill of the place of the catalog under the policy, from now on, below the time axis that it shares. */
export function StorageStrip(props: {
  readonly storage: LifeStorage
  readonly width: number
  readonly right: number
  readonly toX: (ms: number) => number
  readonly top: number
  readonly asOfX: number
}) {
  const { storage, width, right, toX, top, asOfX } = props
  const { points, capacityBytes } = storage
  const most = useMemo(() => points.reduce((sum, { bytes }) => Math.max(sum, bytes), 1), [points])
  const isLimitShown = capacityBytes !== undefined && capacityBytes <= most * MOST_LIMIT
  const scale = (STORAGE_PX - TOP_PX) / (isLimitShown ? Math.max(most, capacityBytes) : most)
  const path = useMemo(() => stepPath(points, toX, right, scale), [points, toX, right, scale])
  const limitY = isLimitShown ? STORAGE_PX - capacityBytes * scale : 0
  return (
    <svg
      className="life-wal"
      style={{ top }}
      width={width}
      height={STORAGE_PX + 1}
      role="img"
      aria-label={storage.label}
    >
      <title>{storage.label}</title>
      <text className="increments" x={0} y={15}>
        {storage.name}
      </text>
      <text className="increments numbers" x={0} y={32}>
        {storage.value}
      </text>
      <path className="stored" d={path} />
      <line className="grid" x1={LIFE_LABEL_PX} x2={right} y1={STORAGE_PX} y2={STORAGE_PX} />
      {!isLimitShown ? null : (
        <>
          <line className="limit" x1={LIFE_LABEL_PX} x2={right} y1={limitY} y2={limitY} />
          <text className="limit-text" x={LIFE_LABEL_PX + 4} y={limitY < 14 ? limitY + 12 : limitY - 4}>
            {storage.limit}
          </text>
        </>
      )}
      <line className="as-of" x1={asOfX} x2={asOfX} y1={0} y2={STORAGE_PX} />
    </svg>
  )
}

/** At most one step for two pixels, the highest of what lies in them. */
function stepPath(
  points: readonly LifeStored[],
  toX: (ms: number) => number,
  right: number,
  scale: number,
): string {
  const [first] = points
  if (first === undefined) return ''
  const y = (bytes: number): string => (STORAGE_PX - bytes * scale).toFixed(1)
  const parts = [`M${toX(first.ms).toFixed(1)} ${STORAGE_PX}V${y(first.bytes)}`]
  let drawnX = toX(first.ms)
  let last = first.bytes
  let highest = 0
  for (const { ms, bytes } of points.slice(1)) {
    const x = toX(ms)
    if (x > right) break
    highest = Math.max(highest, last)
    last = bytes
    if (x - drawnX < STEP_PX) continue
    parts.push(`V${y(highest)}H${x.toFixed(1)}`)
    drawnX = x
    highest = 0
  }
  return `${parts.join('')}V${y(last)}H${right.toFixed(1)}V${STORAGE_PX}Z`
}
