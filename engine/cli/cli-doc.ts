import { COMMAND_NAMES, COMMANDS, MISSING_COMMANDS } from './command-list.ts'
import { describeOption } from './help.ts'
import { OPTION_GROUPS, type OptionSpec } from './options/option.ts'
import { optionsOf, refusedOptionsOf } from './options.ts'

/** The text of `docs/cli.md`, made from the tables of commands and options. */
export function formatCliDoc(): string {
  const lines = [
    '# Command line',
    '',
    '<!-- Made by `node engine/cli/write-cli-doc.ts`. Change the tables in engine/cli instead of this file. -->',
    '',
    '`npx tidemark COMMAND [options]`. The grammar is that of pg_probackup and gs_probackup, so most scripts run as they are.',
    'What this version cannot do is refused by name; nothing is ignored in silence.',
    '',
    '- A value comes from the command line, else from the environment, else from the saved settings of the instance',
    '  (`pg_probackup.conf`), else it is the default.',
    '- Long options are written `--name=value` or `--name value` and may be shortened as long as they stay unmistakable;',
    '  short ones are written `-B DIR` or `-BDIR`, and flags may be bundled.',
    '- Data goes to standard output; messages go to standard error, each line with its level. `HINT:` says what to do.',
    '- The exit status is 0 on success, 1 on failure or when validate found damage, and 130 when cancelled. The first Ctrl-C',
    '  cancels and waits for the cleaning up, the second one ends at once.',
    '- A password is never taken from the command line: `-W` asks on the terminal, and `~/.pgpass` is read.',
    '- `TIDEMARK_NOW`, an ISO time in the environment, is the time for which plans are made, retention above all; work itself',
    '  goes by the real clock.',
    '- Without `--stream` or `--no-stream` a backup is a STREAM backup, which can be restored without a WAL archive.',
    '',
    '| Command | |',
    '|---|---|',
    ...COMMAND_NAMES.map((name) => `| [${name}](#${name}) | ${COMMANDS[name].summary} |`),
    '',
    `Not in this version: ${Object.keys(MISSING_COMMANDS).slice(0, 5).join(', ')}.`,
  ]
  for (const command of COMMAND_NAMES) {
    lines.push('', `## ${command}`, '', COMMANDS[command].summary, '')
    lines.push('```', `tidemark ${command} ${COMMANDS[command].usage}`.trimEnd(), '```')
    const options = optionsOf(command)
    for (const group of OPTION_GROUPS) {
      const members = options.filter((option) => option.group === group)
      if (members.length === 0) continue
      lines.push('', `| ${group} | |`, '|---|---|')
      for (const option of members) {
        lines.push(`| ${formatCell(option)} | ${describeOption(option, command).replaceAll('|', '\\|')} |`)
      }
    }
    const refused = refusedOptionsOf(command)
    if (refused.length === 0) continue
    lines.push('', '| Refused | Why |', '|---|---|')
    const byReason = Map.groupBy(refused, ({ reason }) => reason)
    for (const [reason, each] of byReason) {
      lines.push(`| ${each.map(({ long }) => `\`--${long}\``).join(', ')} | ${reason} |`)
    }
  }
  return `${lines.join('\n')}\n`
}

function formatCell({ short, long, value }: OptionSpec): string {
  const name = `--${long}${value.kind === 'flag' ? '' : `=${value.name}`}`.replaceAll('|', '\\|')
  return short === undefined ? `\`${name}\`` : `\`-${short}\`, \`${name}\``
}
