/** What a restore has added to `postgresql.auto.conf`, and what the file is without it. */
export type RecoveryBlock = {
  /** Lines of the marked block, without empty ones. */
  readonly lines: readonly string[]
  /** The file without the block; equal to it when there is none. */
  readonly rest: string
  /** Settings of a recovery that stand outside of it: `ALTER SYSTEM` writes the file anew, without comments. */
  readonly unmarked: readonly string[]
}

/** Source: `catalog-format.md` section 10.8. */
const HEAD = /^# recovery settings added by pg_probackup restore of backup /
const OF_THE_BLOCK =
  /^(?:## (?:recovery|standby) settings|(?:restore_command|recovery_target\w*|primary_conninfo|primary_slot_name)\s*=.*)$/
const ABOUT_RECOVERY = /^\s*(?:restore_command|recovery_target\w*)\s*=/

/**
 * Finds the block that a restore has marked: from its comment up to the first line that a restore does not write. The empty
 * line before it belongs to it. Pure.
 */
export function findRecoveryBlock(text: string): RecoveryBlock {
  const kept: string[] = []
  const lines: string[] = []
  let empty: string[] = []
  let isInside = false
  for (const line of text.split(/(?<=\n)/)) {
    const bare = line.replace(/\r?\n$/, '')
    if (HEAD.test(bare)) {
      isInside = true
      if (kept.at(-1)?.trim() === '') kept.pop()
    } else if (isInside && bare.trim() === '') {
      // Whether it belongs to the block is told by the next line.
      empty.push(line)
      continue
    } else isInside &&= OF_THE_BLOCK.test(bare)
    if (isInside) lines.push(bare)
    else kept.push(...empty, line)
    empty = []
  }
  kept.push(...empty)
  const unmarked = kept.filter((line) => ABOUT_RECOVERY.test(line)).map((line) => line.trim())
  return { lines, rest: kept.join(''), unmarked }
}
