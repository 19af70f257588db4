import type { ConfigEntry } from '../api/contract/instances.ts'
import { EngineError } from '../base/engine-error.ts'
import type { LogLevel } from '../base/log.ts'
import { LOG_LEVELS } from '../base/log.ts'
import type { Given } from './given.ts'
import type { LogSettings } from './log-output.ts'
import { parseChoice, parseDurationMs, parseKilobytes, parsePath } from './values.ts'

const DEFAULT_NAME = 'pg_probackup.log'

/** Settings of the log: the command line, then the saved settings of the instance, then the defaults. */
export function resolveLogSettings(
  given: Given,
  catalog: string | undefined,
  saved: readonly ConfigEntry[],
): LogSettings {
  const savedValue = (key: string): string | undefined => {
    const value = saved.find((entry) => entry.key === key)?.value
    return value === '' ? undefined : value
  }
  // An empty value takes the saved setting out, so it does not count here either.
  const own = (key: string): string | undefined => given.own(key) || undefined
  const text = (key: string): string | undefined =>
    own(key) ?? (given.own(key) === '' ? undefined : savedValue(key))
  const level = (key: string, fallback: LogLevel): LogLevel =>
    parseChoice(text(key) ?? fallback, LOG_LEVELS) as LogLevel
  const format = (value: string | undefined): 'plain' | 'json' =>
    parseChoice(value ?? 'plain', ['plain', 'json']) as 'plain' | 'json'
  const named = text('log-directory')
  const directory =
    named === undefined ? (catalog === undefined ? undefined : `${catalog}/log`) : requireAbsolute(named)
  // A saved value carries its unit; a bare one of another tool is in base units.
  const age =
    own('log-rotation-age') === undefined
      ? parseDurationMs(text('log-rotation-age') ?? '0', 'ms')
      : (given.durationMs('log-rotation-age') ?? 0)
  return {
    consoleLevel: level('log-level-console', 'info'),
    fileLevel: level('log-level-file', 'off'),
    consoleFormat: format(given.own('log-format-console')),
    fileFormat: format(text('log-format-file')),
    file:
      directory === undefined
        ? undefined
        : {
            directory,
            pattern: text('log-filename') ?? DEFAULT_NAME,
            rotationKilobytes: parseKilobytes(text('log-rotation-size') ?? '0'),
            rotationAgeMs: age,
          },
    errorPattern: text('error-log-filename'),
  }
}

function requireAbsolute(directory: string): string {
  try {
    return parsePath(directory)
  } catch (cause) {
    throw new EngineError('usage.invalid', `the log directory "${directory}" is not an absolute path`, {
      hint: 'Save an absolute path with set-config --log-directory.',
      cause,
    })
  }
}
