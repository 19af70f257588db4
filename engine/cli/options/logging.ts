import type { OptionSpec } from './option.ts'
import { FORMATS, LEVELS, ON_CATALOG } from './shared.ts'

/** What is written about a run, and where. */
export const LOGGING_OPTIONS: readonly OptionSpec[] = [
  {
    long: 'log-level-console',
    value: LEVELS,
    group: 'Logging',
    commands: ON_CATALOG,
    meaning:
      'What is printed on standard error: verbose, log, info, warning, error or off, each with the ones after it.',
    default: 'info',
    isSetting: true,
  },
  {
    long: 'log-level-file',
    value: LEVELS,
    group: 'Logging',
    commands: ON_CATALOG,
    meaning: 'What is written to the log file: verbose, log, info, warning, error or off.',
    default: 'off',
    isSetting: true,
  },
  {
    long: 'log-format-console',
    value: FORMATS,
    group: 'Logging',
    commands: ON_CATALOG.filter((command) => command !== 'set-config'),
    meaning: 'Form of what is printed: plain, or json with one object a line. It cannot be saved.',
    default: 'plain',
  },
  {
    long: 'log-format-file',
    value: FORMATS,
    group: 'Logging',
    commands: ON_CATALOG,
    meaning: 'Form of the log file: plain, or json with one object a line.',
    default: 'plain',
    isSetting: true,
  },
  {
    long: 'log-filename',
    value: { kind: 'text', name: 'NAME', maxBytes: 255 },
    group: 'Logging',
    commands: ON_CATALOG,
    meaning:
      'Name of the log file, with strftime escapes: pg_probackup-%u.log makes one for each weekday. Only used when the file level is not off.',
    default: 'pg_probackup.log',
    isSetting: true,
  },
  {
    long: 'error-log-filename',
    value: { kind: 'text', name: 'NAME', maxBytes: 255 },
    group: 'Logging',
    commands: ON_CATALOG,
    meaning: 'Name of a second file that gets errors only, with strftime escapes as well.',
    default: 'none',
    isSetting: true,
  },
  {
    long: 'log-directory',
    value: { kind: 'path', name: 'DIR' },
    group: 'Logging',
    commands: ON_CATALOG,
    meaning: 'Directory of the log files, an absolute path. Made when the first line is written.',
    default: 'log in the catalog',
    isSetting: true,
  },
  {
    long: 'log-rotation-size',
    value: { kind: 'kilobytes', name: 'SIZE' },
    group: 'Logging',
    commands: ON_CATALOG,
    meaning: 'Starts the log file afresh once it has this size: kB (default), MB, GB or TB. 0 never does.',
    default: '0',
    isSetting: true,
  },
  {
    long: 'log-rotation-age',
    value: { kind: 'duration', name: 'TIME', bareUnit: 'min' },
    group: 'Logging',
    commands: ON_CATALOG,
    meaning:
      'Starts the log file afresh once it is older than this: ms, s, min (default), h or d. 0 never does.',
    default: '0',
    isSetting: true,
  },
]
