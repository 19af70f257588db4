import { ERROR_CODES } from '../base/error-codes.ts'

/** `docs/errors.md`: every failure that a user can meet, by subject. */
export function formatErrorDoc(): string {
  const subjects = Map.groupBy(Object.entries(ERROR_CODES), ([code]) => code.split('.')[0] ?? code)
  const sections = [...subjects].map(([subject, rows]) =>
    [
      `## ${subject}`,
      '',
      '| code | what happened | worth another try |',
      '|---|---|---|',
      ...rows.map(
        ([code, { meaning, isTransient }]) => `| \`${code}\` | ${meaning} | ${isTransient ? 'yes' : 'no'} |`,
      ),
    ].join('\n'),
  )
  return [
    '# Errors',
    '',
    '<!-- Generated from engine/base/error-codes.ts by engine/cli/write-error-doc.ts; do not edit. -->',
    '',
    'Every failure has a code that never changes its meaning, one sentence with its values, and usually a hint that says what',
    'to do. The window shows them as a card with the cause and the raw facts; the command line prints `ERROR:` and `HINT:`',
    'and ends with status 1. *Worth another try* means that the same call may succeed with nothing changed by you.',
    '',
    sections.join('\n\n'),
    '',
  ].join('\n')
}
