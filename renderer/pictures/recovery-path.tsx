import { widthOf } from './fit-text.ts'

/** What is used to get to the moment: ends of the backups, the FULL first, and the moment. */
export type UsedPath = {
  readonly backups: readonly number[]
  readonly toMs: number
  readonly chainText: string
  readonly replayText: string
}

/** What is used: the chain in grey, then WAL that is replayed in blue. */
export function PathShape(props: {
  readonly path: UsedPath
  readonly top: number
  readonly toX: (ms: number) => number
  readonly left: number
  readonly right: number
}) {
  const { path, top, toX, left, right } = props
  const clamp = (x: number): number => Math.min(right, Math.max(left, x))
  const from = clamp(toX(path.backups[0] ?? path.toMs))
  const middle = clamp(toX(path.backups.at(-1) ?? path.toMs))
  const to = clamp(toX(path.toMs))
  const [chain, replay] = [widthOf(path.chainText, 11), widthOf(path.replayText, 11)]
  const replayX = Math.max(left + replay, Math.min(right, to - 8))
  const chainX = Math.max(left, Math.min(from, replayX - replay - chain - 14))
  return (
    <g className="used" aria-hidden="true">
      <rect className="chain" x={from} y={top} width={Math.max(2, middle - from)} height={5} />
      <rect className="replay" x={middle} y={top} width={Math.max(0, to - middle)} height={5} />
      {chainX + chain + 8 > replayX - replay ? null : (
        <text x={chainX} y={top + 19}>
          {path.chainText}
        </text>
      )}
      <text className="replay-text" x={replayX} y={top + 19} textAnchor="end">
        {path.replayText}
      </text>
    </g>
  )
}
