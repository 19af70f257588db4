import { ERROR_ADVICE } from '../base/error-advice.ts'
import { ERROR_CODES, type ErrorCode } from '../base/error-codes.ts'

/** `docs/errors.md`: every failure that a user can meet and what to do about it, by subject. */
export function formatErrorDoc(): string {
  const codes = Object.keys(ERROR_CODES) as ErrorCode[]
  const subjects = Map.groupBy(codes, (code) => code.split('.')[0] ?? code)
  const sections = [...subjects].map(([subject, members]) =>
    [
      `## ${subject}`,
      '',
      '| code | what happened | what to do | worth another try |',
      '|---|---|---|---|',
      ...members.map((code) => {
        const { meaning, isTransient } = ERROR_CODES[code]
        return `| \`${code}\` | ${meaning} | ${ERROR_ADVICE[code]} | ${isTransient ? 'yes' : 'no'} |`
      }),
    ].join('\n'),
  )
  return [
    '# Errors',
    '',
    '<!-- Made by `node engine/cli/write-error-doc.ts`. Change engine/base/error-codes.ts and engine/base/error-advice.ts instead of this file. -->',
    '',
    'Every failure has a code that never changes its meaning, one sentence with its values, and usually a hint that says what',
    'to do. The window shows them as a card with the cause and the raw facts; the command line prints `ERROR:` and `HINT:`',
    'and ends with status 1, or 130 when it was cancelled. *Worth another try* means that the same call may succeed with',
    'nothing changed by you.',
    '',
    'Damage that validation finds is no error of this list: it is a finding, told with the verdict on the backup.',
    '',
    sections.join('\n\n'),
    '',
  ].join('\n')
}
