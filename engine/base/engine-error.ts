import { ERROR_CODES, type ErrorCode } from './error-codes.ts'

type ErrorExtras = {
  /** What the user can do about it: one sentence, imperative, ends with a period. */
  readonly hint?: string | undefined
  /** The failure this one was caused by. */
  readonly cause?: unknown
  /** Values a screen or a script may want apart from the message (paths, identifiers, LSNs as text). */
  readonly facts?: Readonly<Record<string, string>> | undefined
}

/** A failure the engine foresaw. Anything else that is thrown is a bug. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly facts: Readonly<Record<string, string>>

  /** `message` is one fact with its values, in PostgreSQL's manner: lower-case start, no period. */
  constructor(code: ErrorCode, message: string, extras: ErrorExtras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause })
    this.code = code
    this.hint = extras.hint
    this.facts = extras.facts ?? {}
  }
}

/** An {@link EngineError} as plain data, for a message port or a JSON line. */
export type WireError = {
  readonly code: ErrorCode
  readonly message: string
  readonly hint?: string
  readonly facts?: Readonly<Record<string, string>>
  readonly cause?: WireError
}

/** Describes any thrown value. A value that is not an {@link EngineError} becomes `internal.bug`. */
export function toWireError(given: unknown): WireError {
  const thrown = firstOf(given)
  const known = thrown instanceof EngineError ? thrown : undefined
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const cause = thrown instanceof Error ? thrown.cause : undefined
  return {
    code: known?.code ?? (isAbort(thrown) ? 'run.cancelled' : 'internal.bug'),
    message,
    ...(known?.hint !== undefined && { hint: known.hint }),
    ...(known !== undefined && Object.keys(known.facts).length > 0 && { facts: known.facts }),
    ...(cause !== undefined && { cause: toWireError(cause) }),
  }
}

/** The inverse of {@link toWireError}. A code that this version does not know becomes `internal.bug`. */
export function fromWireError(wire: WireError): EngineError {
  const code = Object.hasOwn(ERROR_CODES, wire.code) ? wire.code : 'internal.bug'
  return new EngineError(code, wire.message, {
    hint: wire.hint,
    facts: wire.facts,
    ...(wire.cause !== undefined && { cause: fromWireError(wire.cause) }),
  })
}

/** Whether `thrown` says that somebody cancelled, in the engine's words or in the platform's. */
export function isCancelled(given: unknown): boolean {
  const thrown = firstOf(given)
  return isAbort(thrown) || (thrown instanceof EngineError && thrown.code === 'run.cancelled')
}

/** One line for a log or a terminal: the message, then the messages of its causes that add something. */
export function describeError(thrown: unknown): string {
  const lines: string[] = []
  for (let at = firstOf(thrown); at !== undefined; at = at instanceof Error ? firstOf(at.cause) : undefined) {
    const text = at instanceof Error ? at.message : String(at)
    if (!lines.some((line) => line.includes(text))) lines.push(text)
  }
  return lines.join(': ')
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'AbortError'
}

/** What went wrong first: clearing up after it may have failed as well, and says nothing of what to do. */
function firstOf(thrown: unknown): unknown {
  let at = thrown
  // By its name: not every browser has the class.
  while (at instanceof Error && at.name === 'SuppressedError' && 'suppressed' in at) at = at.suppressed
  return at
}
