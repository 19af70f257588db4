type Check = (value: unknown) => boolean

const isPath: Check = (value) =>
  typeof value === 'string' && value.startsWith('/') && value.length <= 4000 && !value.includes('\0')
const isFlag: Check = (value) => typeof value === 'boolean'
const isCount =
  (most: number): Check =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most
const isLeftOut: Check = (value) => value === undefined
const either =
  (one: Check, other: Check): Check =>
  (value) =>
    one(value) || other(value)

const instanceRef = {
  catalog: isPath,
  instance: (value: unknown) => typeof value === 'string' && /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(value),
}
const serverCall = {
  ...instanceRef,
  fileName: (value: unknown) => typeof value === 'string' && value.length <= 64,
  workingDirectory: isPath,
  batchSize: isCount(10_000),
  threads: isCount(64),
}

/** For each procedure all its fields. */
const PLAIN = {
  'archiving.push': {
    ...serverCall,
    filePath: either(isLeftOut, isPath),
    compressAlgorithm: either(isLeftOut, (value) => value === 'zlib' || value === 'none'),
    compressLevel: either(isLeftOut, isCount(9)),
    overwrites: isFlag,
    marksDone: isFlag,
    isSynced: isFlag,
    archiveTimeoutSeconds: either(isLeftOut, isCount(1_000_000)),
  },
  'archiving.get': {
    ...serverCall,
    filePath: isPath,
    prefetchDirectory: either(isLeftOut, isPath),
    isValidated: isFlag,
  },
  'instances.config': instanceRef,
} satisfies Readonly<Record<string, Readonly<Record<string, Check>>>>

export type PlainProcedure = keyof typeof PLAIN

/**
 * Whether the contract surely takes the input of a call as it is, which nearly all calls of a server are. False says
 * nothing: the schemas decide then. To load them takes as long as the rest of a start.
 */
export function isPlainInput(name: PlainProcedure, input: unknown): boolean {
  if (typeof input !== 'object' || input === null) return false
  const checks: Readonly<Record<string, Check>> = PLAIN[name]
  const values = input as Readonly<Record<string, unknown>>
  return (
    Object.keys(values).every((key) => Object.hasOwn(checks, key)) &&
    Object.entries(checks).every(([key, check]) => check(values[key]))
  )
}
