type Values<Names extends readonly string[]> = Readonly<Record<Names[number], string | number>>

/** One thing that is said in two ways: as English for logs and the command line, and as a code that a window has texts for. */
type Said<Table extends Readonly<Record<string, readonly string[]>>> = {
  readonly code: keyof Table
  /** What the table names, by its names. */
  readonly values: Readonly<Record<string, string | number>>
  readonly text: string
}

/**
 * Why a mode of backup is possible, not possible, or not the one to choose, with the names of the values that belong to
 * it. The window has the texts in its languages; a name is never used for something else.
 */
export const MODE_REASONS = {
  'no-parent': [],
  'parent-newer': ['id', 'version'],
  'set-back': ['timeline', 'lsn', 'parentTimeline', 'parentLsn'],
  'archive-off': [],
  'wal-missing': ['segment', 'id', 'lsn'],
  'wal-pending': ['count'],
  'wal-small': ['walBytes', 'clusterBytes'],
  'wal-large': ['walBytes', 'clusterBytes'],
  'on-standby': [],
  'summaries-cover': [],
  'summaries-unsupported': ['major'],
  'summaries-off': [],
  'summaries-gap': ['lsn', 'timeline'],
  'summaries-unasked': ['message'],
  'ptrack-covers': ['version'],
  'ptrack-absent': ['database'],
  'ptrack-old': ['version', 'oldest'],
  'ptrack-not-set': ['setting'],
  'ptrack-off': ['setting', 'value'],
  'ptrack-empty': [],
  'ptrack-late': ['lsn', 'parentLsn'],
  'ptrack-unasked': ['message'],
} as const

/** What makes a mode possible another time, in the way of {@link MODE_REASONS}. */
export const MODE_ADVICE = {
  'archive-on': [],
  'summaries-on': [],
  'ptrack-update': [],
  'ptrack-on': ['setting'],
  'ptrack-next-full': [],
  'grant-rights': ['user'],
  'look-at-server': [],
} as const

/** The English text is ready to follow a colon: `summarize_wal is off on the server`. */
export type ModeReason = Said<typeof MODE_REASONS>
/** The English text is a sentence. */
export type ModeAdvice = Said<typeof MODE_ADVICE>

/** Says a reason with everything that belongs to its code. */
export function modeReason<Code extends keyof typeof MODE_REASONS>(
  code: Code,
  values: Values<(typeof MODE_REASONS)[Code]>,
  text: string,
): ModeReason {
  return { code, values, text }
}

/** Says an advice with everything that belongs to its code. */
export function modeAdvice<Code extends keyof typeof MODE_ADVICE>(
  code: Code,
  values: Values<(typeof MODE_ADVICE)[Code]>,
  text: string,
): ModeAdvice {
  return { code, values, text }
}
