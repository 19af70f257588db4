import type { EngineError, WireError } from '../../engine/base/engine-error.ts'
import { errorAdvice } from './error-advice.ts'
import { errorTitle } from './error-titles.ts'

/** What a window says of a failure. The engine's own words are English and know the occasion; titles and advice are said in any language. */
export type ErrorTexts = {
  readonly title: string
  /** The engine's sentence; undefined where it is told as a part of `original`. */
  readonly what: string | undefined
  readonly cause: string | undefined
  readonly fix: string
  /** All that the engine says, in its own words, one sentence a line; undefined in its own language. */
  readonly original: string | undefined
  /** Code and facts, for whoever gets a report. */
  readonly raw: string
}

/** Says a failure in a language: in English as the engine does, else by its code with the engine's words as the original. */
export function errorTexts(error: EngineError | WireError, language: string): ErrorTexts {
  const causes = causesOf(error)
  const facts = Object.entries(error.facts ?? {}).map(([name, value]) => `${name}: ${value}`)
  const isOwn = language !== 'zh-CN'
  const advice = errorAdvice(error.code, language)
  return {
    title: errorTitle(error.code, language),
    what: isOwn ? error.message : undefined,
    cause: isOwn && causes.length > 0 ? causes.join(': ') : undefined,
    fix: isOwn ? (error.hint ?? advice) : advice,
    original: isOwn
      ? undefined
      : [error.message, ...causes, error.hint].filter((line) => line !== undefined).join('\n'),
    raw: [`code: ${error.code}`, ...facts].join('\n'),
  }
}

/** A failure in one line: its sentence in the engine's language, else its title. */
export function errorLine(error: EngineError | WireError, language: string): string {
  const { what, title } = errorTexts(error, language)
  return what ?? title
}

/** What the causes add, the nearest first. */
function causesOf(error: EngineError | WireError): readonly string[] {
  const causes: string[] = []
  for (let at: unknown = error.cause; at !== undefined; at = (at as { cause?: unknown }).cause) {
    const { message } = at as { readonly message?: unknown }
    if (typeof message === 'string' && message !== error.message && !causes.includes(message))
      causes.push(message)
  }
  return causes
}
