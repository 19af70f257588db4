import { parseArgs } from 'node:util'
import { EngineError } from '../base/engine-error.ts'
import { type OperationName, OPERATIONS } from './targets.ts'

export const USAGE = `Usage: npm run bench -- [--scale N] [--tables N] [--chain N] [--only NAME,…] [--repeat N] [--quick]

  --scale N    Size of the cluster: 1 is about 3 GB, the default.
  --tables N   Number of small tables, about five files each. Default: 2000 times the scale.
  --chain N    Increments in the chain that is restored and merged. Default: 1.
  --only NAME  Measures these alone: ${OPERATIONS.join(', ')}.
  --repeat N   How often everything is run, after a run that does not count. Default: 3.
  --quick      One run each, and no run before it. Says that it works, and little about time.
`

export type BenchOptions = {
  readonly scale: number
  readonly smallTables: number
  readonly increments: number
  readonly operations: ReadonlySet<OperationName>
  /** Runs that count. */
  readonly repeat: number
  readonly hasWarmUp: boolean
}

const SMALL_TABLES = 2000

/** What the command line asks for; `'help'` when it asks how to ask. @throws {EngineError} `usage.invalid` */
export function parseOptions(words: readonly string[]): BenchOptions | 'help' {
  const { values } = parse(words)
  if (values.help === true) return 'help'
  const scale = positive('--scale', values.scale ?? '1')
  const isQuick = values.quick === true
  return {
    scale,
    smallTables:
      values.tables === undefined ? Math.round(SMALL_TABLES * scale) : whole('--tables', values.tables),
    increments: whole('--chain', values.chain ?? '1'),
    operations: values.only === undefined ? new Set(OPERATIONS) : readNames(values.only),
    repeat: values.repeat === undefined ? (isQuick ? 1 : 3) : whole('--repeat', values.repeat),
    hasWarmUp: !isQuick,
  }
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        scale: { type: 'string' },
        tables: { type: 'string' },
        chain: { type: 'string' },
        only: { type: 'string', multiple: true },
        repeat: { type: 'string' },
        quick: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
  } catch (thrown) {
    throw invalid(thrown instanceof Error ? thrown.message : String(thrown), thrown)
  }
}

function readNames(given: readonly string[]): ReadonlySet<OperationName> {
  const names = given.flatMap((text) => text.split(',')).filter(Boolean)
  const known = names.map((name) => {
    const operation = OPERATIONS.find((each) => each === name)
    if (operation === undefined) throw invalid(`"${name}" is no operation`)
    return operation
  })
  return new Set(known)
}

function positive(option: string, text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw invalid(`${option} takes a positive number, not "${text}"`)
  }
  return value
}

function whole(option: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw invalid(`${option} takes a whole number from 1, not "${text}"`)
  return Number(text)
}

function invalid(message: string, cause?: unknown): EngineError {
  return new EngineError('usage.invalid', message, { hint: 'npm run bench -- --help explains it.', cause })
}
