import { shellWord } from '../../base/shell-word.ts'
import { chown, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { BackupId } from '../../base/backup-id.ts'
import type { Run } from '../../base/run.ts'
import { type BackupControl, formatControlTime } from '../../format/backup-control.ts'
import {
  filterAutoConf,
  formatRecoveryConfiguration,
  type RecoveryConfiguration,
} from '../../format/recovery-settings.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'
import type { RestoreInput } from './restore-facts.ts'

type Owner = { readonly uid: number; readonly gid: number } | undefined

/** The lines that a restore would add to the configuration of the server, for a preview. */
export function recoverySettingsText(
  input: RestoreInput,
  id: BackupId,
  control: BackupControl,
  nowMs: number,
): string {
  const { text } = configurationOf(input, id, control, nowMs)
  return text.replace(/^\n+/, '')
}

/**
 * Writes the recovery settings and signal files into a restored data directory, replacing those of an earlier restore
 * that the backup may hold.
 */
export async function writeRecoverySettings(
  input: RestoreInput,
  id: BackupId,
  control: BackupControl,
  owner: Owner,
  run: Run,
): Promise<void> {
  run.report({
    phase: 'recovery-settings',
    doneBytes: 0,
    totalBytes: undefined,
    doneFiles: 0,
    totalFiles: undefined,
    currentFiles: [],
  })
  const { file, text, signalFiles } = configurationOf(input, id, control, run.clock.nowMs())
  const target = path.join(input.dataDirectory, file)
  if (file === 'postgresql.auto.conf') {
    const before = await readFile(target, 'utf8').catch((thrown: unknown) => {
      if (isMissing(thrown)) return ''
      throw mapFileError(thrown, target, 'read')
    })
    await writeOwned(target, filterAutoConf(before) + text, owner)
  } else if (text !== '') {
    await writeOwned(target, text, owner)
  }
  for (const name of signalFiles) await writeOwned(path.join(input.dataDirectory, name), '', owner)
}

function configurationOf(
  input: RestoreInput,
  id: BackupId,
  control: BackupControl,
  nowMs: number,
): RecoveryConfiguration {
  return formatRecoveryConfiguration({
    serverMajor: Number.parseInt(control.serverVersion ?? '', 10),
    backupId: id,
    atText: formatControlTime(Math.floor(nowMs / 1000)),
    programVersion: control.programVersion ?? '',
    isArchiveBackup: !control.isStream,
    target: input.target,
    isInclusive: input.isInclusive,
    targetTimeline: input.targetTimeline,
    targetAction: input.targetAction,
    restoreCommand: input.restoreCommand,
    defaultRestoreCommand: restoreCommandFor(path.join(input.catalog, 'wal', input.instance)),
    replica: input.isReplica
      ? {
          primaryConninfo: input.primaryConninfo ?? control.primaryConninfo,
          primarySlotName: input.primarySlotName,
        }
      : undefined,
  })
}

/**
 * A command with which any server fetches WAL from the archive of the catalog, plain, gzip-compressed, or what there is
 * of the last segment, without a program of ours on its machine. The server replaces `%f` and `%p`; `%%` stands for a
 * percent sign of the path. What is partial may be cut off, in gzip form as well: it is filled up to the size that its
 * first page names (PostgreSQL `xlog_internal.h`, `xlp_seg_size`), for a server ends a recovery at a file of another one.
 */
export function restoreCommandFor(archiveDirectory: string): string {
  const archive = shellWord(archiveDirectory.replaceAll('%', '%%'))
  const whole = `test -f ${archive}/%f && cp ${archive}/%f "%p" || gzip -dc ${archive}/%f.gz > "%p"`
  const part = `cp ${archive}/%f.partial "%p" || gzip -dc ${archive}/%f.gz.partial > "%p"; test -s "%p"`
  const size = '$(($(od -An -tu4 -j32 -N4 "%p")+0))'
  const filled = `test ${size} -le $(($(wc -c < "%p")+0)) || dd if=/dev/null of="%p" bs=1 seek=${size} count=0`
  return `${whole} || { { ${part}; } && { ${filled}; }; }`
}

/** Atomic, so that a server never starts on half a configuration. */
async function writeOwned(file: string, text: string, owner: Owner): Promise<void> {
  const draft = `${file}.tmp`
  try {
    await writeFile(draft, text, { mode: 0o600, flush: true })
    if (owner !== undefined) await chown(draft, owner.uid, owner.gid)
    await rename(draft, file)
  } catch (thrown) {
    throw mapFileError(thrown, file, 'write')
  }
}
