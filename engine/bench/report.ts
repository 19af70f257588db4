import type { CheckResult } from './correctness.ts'
import type { LaneResult, SeriesResult } from './series.ts'
import { compare, median, summarizeTimes, type Times } from './statistics.ts'
import { PEAK_LIMIT_BYTES, type Target, TARGETS } from './targets.ts'

/** What a reader has to know to compare two runs. */
export type RunFacts = {
  readonly at: Date
  readonly machine: {
    readonly cores: number
    readonly processor: string
    readonly memoryBytes: number
    /** Name and version of the operating system's kernel. */
    readonly kernel: string
    readonly node: string
  }
  /** The commit that was measured, if it is known. */
  readonly commit: string | undefined
  readonly scale: number
  readonly clusterBytes: number
  readonly smallTables: number
  /** Increments in the chain that is restored and merged. */
  readonly increments: number
  readonly repeat: number
  readonly hasWarmUp: boolean
}

const HEADER = [
  '| what | wall s, median (min) | CPU s | peak MB | stored MB | × yardstick (by min) | at most | |',
  '|---|---|---|---|---|---|---|---|',
]
const NOTHING = '–'

/** One block of the history: facts, a table, and what the check of correctness found. */
export function formatRun(
  facts: RunFacts,
  series: readonly SeriesResult[],
  checks: readonly CheckResult[],
): string {
  const { machine, repeat } = facts
  const when = `${facts.at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const runs = `${repeat} ${repeat === 1 ? 'run' : 'runs'} each${facts.hasWarmUp ? ' after a warm-up' : ', no warm-up'}`
  return [
    `## ${when}, scale ${facts.scale}${facts.commit === undefined ? '' : `, ${facts.commit}`}`,
    '',
    `${machine.cores} cores (${machine.processor}), ${(machine.memoryBytes / 1e9).toFixed(0)} GB of memory, ` +
      `${machine.kernel}, Node.js ${machine.node}. Cluster of ${megabytes(facts.clusterBytes)} MB with ` +
      `${facts.smallTables} small tables, chains of ${facts.increments + 1}; two workers, warm cache, durable; ${runs}.`,
    '',
    ...HEADER,
    ...series.flatMap(formatRows),
    '',
    ...checks.map(({ what, fault }) => `- ${what}: ${fault === undefined ? 'correct' : `WRONG, ${fault}`}`),
    '',
  ].join('\n')
}

/** The rows of a table for one series, yardsticks among them. */
export function formatRows({ lanes }: SeriesResult): readonly string[] {
  return lanes.map((lane) => {
    const isOperation = lane.operation !== undefined
    const name = isOperation ? `**${inCell(lane.name)}**` : inCell(lane.name)
    if (lane.runs.length === 0) return row([name, inCell(reasonOf(lane)), '', '', '', '', '', ''])
    const { medianSeconds, minSeconds } = timesOf(lane)
    return row([
      name,
      `${seconds(medianSeconds)} (${seconds(minSeconds)})`,
      average(lane, 'cpuSeconds', seconds),
      formatPeak(lane),
      average(lane, 'storedBytes', megabytes),
      ...formatComparison(lane, lanes),
    ])
  })
}

function reasonOf({ missing = '', failure }: LaneResult): string {
  return failure === undefined ? `not run: ${missing}` : `FAILED: ${failure}`
}

function formatComparison(lane: LaneResult, lanes: readonly LaneResult[]): readonly string[] {
  if (lane.operation === undefined) return ['', '', '']
  const target: Target = TARGETS[lane.operation]
  const limit = target.limit === undefined ? (target.words ?? NOTHING) : formatLimit(target)
  const yardstick = findTimes(lanes, target.yardstick)
  if (yardstick === undefined) return [NOTHING, limit, 'no yardstick']
  const apart = target.apart === undefined ? undefined : findTimes(lanes, target.apart)
  const { medianRatio, minRatio, isMet } = compare(
    timesOf(lane),
    yardstick,
    target.limit ?? { factor: Number.POSITIVE_INFINITY, plusSeconds: 0 },
    apart,
  )
  const verdict = target.limit === undefined ? '' : isMet ? 'met' : 'MISSED'
  return [`${ratio(medianRatio)} (${ratio(minRatio)})`, limit, verdict]
}

function formatLimit({ limit, yardstick, apart }: Target): string {
  if (limit === undefined) return NOTHING
  const plus = limit.plusSeconds === 0 ? '' : ` + ${limit.plusSeconds} s`
  return `${limit.factor} × ${inCell(yardstick)}${plus}${apart === undefined ? '' : `, without ${apart}`}`
}

function formatPeak(lane: LaneResult): string {
  const peaks = lane.runs.flatMap(({ peakBytes }) => (peakBytes === undefined ? [] : [peakBytes]))
  if (peaks.length === 0) return NOTHING
  const peak = Math.max(...peaks)
  const isOver = lane.operation !== undefined && peak > PEAK_LIMIT_BYTES
  return isOver ? `${megabytes(peak)} OVER ${megabytes(PEAK_LIMIT_BYTES)}` : megabytes(peak)
}

function findTimes(lanes: readonly LaneResult[], name: string): Times | undefined {
  const lane = lanes.find((each) => each.name === name && each.runs.length > 0)
  return lane === undefined ? undefined : timesOf(lane)
}

function timesOf({ runs }: LaneResult): Times {
  return summarizeTimes(runs.map(({ wallSeconds }) => wallSeconds))
}

function average(
  { runs }: LaneResult,
  field: 'cpuSeconds' | 'storedBytes',
  format: (value: number) => string,
): string {
  const values = runs.flatMap(({ [field]: value }) => (value === undefined ? [] : [value]))
  return values.length === 0 ? NOTHING : format(median(values))
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** A pipe would end the cell. */
function inCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function seconds(value: number): string {
  return value.toFixed(2)
}

function ratio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : NOTHING
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)
}
