import { createHash } from 'node:crypto'
import { editedText, type EditedLine, editInstanceConfig } from '../../format/edit-instance-config.ts'
import { type InstanceConfig, parseInstanceConfig } from '../../format/instance-config.ts'
import { type ConfigProblem, tryConfigChanges } from '../steps/config-changes.ts'

/** What saving settings would do to `pg_probackup.conf`. */
export type ConfigPlan = {
  /** Of the file as it is and as it would be. */
  readonly hash: string
  readonly config: InstanceConfig
  /** Keys, in the order in which they were given. */
  readonly changed: readonly string[]
  /** Values that cannot be saved; the rest of the plan leaves them as they are. */
  readonly problems: readonly ConfigProblem[]
  /** The whole file. */
  readonly lines: readonly EditedLine[]
  readonly content: string
}

/**
 * Plans to save values as they stand on a command line; an empty text takes a key out, so that its default holds. Pure.
 *
 * pg_probackup has no way to take a key out and refuses an empty value; it reads a file without the line as the default,
 * just as here.
 *
 * @throws {EngineError} `format.damaged` for a file that cannot be read
 */
export function planConfig(content: string, changes: Readonly<Record<string, string>>): ConfigPlan {
  const { config, changed, problems } = tryConfigChanges(parseInstanceConfig(content), changes)
  const lines = editInstanceConfig(content, config)
  const after = changed.length === 0 ? content : editedText(lines)
  return {
    hash: createHash('sha256').update(content).update('\0').update(after).digest('hex'),
    config,
    changed,
    problems,
    lines,
    content: after,
  }
}
