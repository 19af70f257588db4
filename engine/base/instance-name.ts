import type { Branded } from './brand.ts'
import { EngineError } from './engine-error.ts'

/** The name of an instance: a directory name below `backups/` and `wal/` of a catalog. */
export type InstanceName = Branded<string, 'InstanceName'>

const LONGEST_BYTES = 200

/**
 * Reads a name that a person gave. Names that could leave the directory, hide in it or break a format are refused.
 *
 * @throws {EngineError} `value.malformed`
 */
export function parseInstanceName(text: string): InstanceName {
  const problem =
    text === ''
      ? 'is empty'
      : text.startsWith('.')
        ? 'starts with a dot'
        : /[/\\\0-\x1f\x7f'",:]/.test(text)
          ? 'holds a slash, quote, comma, colon or control character'
          : text.trim() !== text
            ? 'starts or ends with a space'
            : new TextEncoder().encode(text).length > LONGEST_BYTES
              ? `is longer than ${LONGEST_BYTES} bytes`
              : undefined
  if (problem !== undefined) {
    throw new EngineError('value.malformed', `the instance name "${text}" ${problem}`, {
      hint: 'Choose a name that can be a directory name, such as main or shop-15.',
    })
  }
  return text as InstanceName
}
