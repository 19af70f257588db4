/** WAL of one timeline as the strip shows it. Times are Unix milliseconds. */
export type LifeWal = {
  readonly timeline: number
  readonly fromMs: number
  readonly toMs: number
  /** Up to here it is purged; `fromMs` where nothing is. */
  readonly purgedMs: number
  readonly label: string
}

/** Where the time begins, after the names. */
export const LIFE_LABEL_PX = 150
/** The height of one timeline. */
export const WAL_PX = 16

/** What the archive has of each timeline, and what of it would be purged. */
export function WalStrip(props: {
  readonly wal: readonly LifeWal[]
  readonly name: string
  readonly none: string
  readonly width: number
  readonly right: number
  readonly toX: (ms: number) => number
  readonly top: number
}) {
  const { wal, name, none, width, right, toX, top } = props
  const left = (ms: number): number => Math.min(right, Math.max(LIFE_LABEL_PX, toX(ms)))
  return (
    <svg className="life-wal" style={{ top }} width={width} height={Math.max(1, wal.length) * WAL_PX}>
      {wal.length === 0 ? (
        <text className="increments" x={0} y={11}>
          {none}
        </text>
      ) : null}
      {wal.map(({ timeline, fromMs, toMs, purgedMs, label }, index) => (
        <g key={timeline} role="img" aria-label={label}>
          <title>{label}</title>
          <text className="increments" x={0} y={index * WAL_PX + 11}>
            {`${name} ${timeline}`}
          </text>
          <rect
            className="wal-kept"
            x={left(purgedMs)}
            y={index * WAL_PX + 3}
            width={Math.max(1, left(toMs) - left(purgedMs))}
            height={8}
          />
          {purgedMs <= fromMs ? null : (
            <rect
              className="wal-purged"
              x={left(fromMs)}
              y={index * WAL_PX + 3}
              width={Math.max(2, left(purgedMs) - left(fromMs))}
              height={8}
            />
          )}
        </g>
      ))}
    </svg>
  )
}
