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
    // Every byte is a character: the server writes in the encoding of whichever database is altered from.
    const before = await readFile(target, 'latin1').catch((thrown: unknown) => {
      if (isMissing(thrown)) return ''
      throw mapFileError(thrown, target, 'read')
    })
    const kept = Buffer.from(filterAutoConf(before), 'latin1')
    await writeOwned(target, Buffer.concat([kept, Buffer.from(text)]), owner)
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
    hasOwnWal: input.copiesWal,
    defaultRestoreCommand: restoreCommandFor(path.join(input.catalog, 'wal', input.instance), {
      isStandby: input.isReplica,
    }),
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
 * percent sign of the path. Each is there once: a server before PostgreSQL 13 cuts commands off at 1024 bytes.
 *
 * A server takes a failure for the end of the WAL and opens, unless its status is above 125. So that is what is given for
 * all but a file that is not there in an archive that is; a standby goes on waiting instead. What is partial may be cut
 * off, in gzip form as well: it is filled up to the size that its first page names (`xlog_internal.h`, `xlp_seg_size`), for a
 * server ends a recovery at a file of another one. It does not count where the same segment in `pg_wal` goes further: the
 * server never looks there when it was given one. Of a plain and a packed one, as two programs leave them, the one with more
 * bytes that are not zero goes further. Between two looks a receiver may have given a partial one its name.
 */
export function restoreCommandFor(archiveDirectory: string, { isStandby = false } = {}): string {
  return [
    `d=${shellWord(archiveDirectory.replaceAll('%', '%%'))} f=%f p="%p"; s=$d/$f`,
    `no() { exit ${isStandby ? 1 : 126}; }`,
    'all() { if test -f "$s"; then cp "$s" "$p" || no; exit 0; fi',
    'if test -f "$s.gz"; then gzip -dc "$s.gz" > "$p" || no; exit 0; fi; }',
    'b() { tr -d "\\000" | wc -c; }; all; q=$s.partial z=$s.gz.partial',
    'if test -f "$q" && test -f "$z"; then test $(($(b < "$q")+0)) -ge $(($(gzip -dc "$z" | b)+0)) || q=; fi',
    'if test -f "$q"; then cp "$q" "$p" || { all; no; }',
    'elif test -f "$z"; then gzip -dc "$z" > "$p"; test $? -lt 126 || no',
    'else all; test -x "$d/." || no; exit 1; fi',
    'n=$(($(od -An -tu4 -j32 -N4 "$p")+0)); test $n -gt 0 || exit 1',
    'test $n -le $(($(wc -c < "$p")+0)) || dd if=/dev/null of="$p" bs=1 seek=$n count=0 || no',
    'if test -f "pg_wal/$f"; then set -- $(cmp -l "$p" "pg_wal/$f" | head -n 1)',
    'test -z "$1" || test 0 != $(($(tail -c "+$1" "$p" | b)+0)) || exit 1; fi',
  ].join('; ')
}

/** Atomic, so that a server never starts on half a configuration. */
async function writeOwned(file: string, text: string | Uint8Array, owner: Owner): Promise<void> {
  const draft = `${file}.tmp`
  try {
    await writeFile(draft, text, { mode: 0o600, flush: true })
    if (owner !== undefined) await chown(draft, owner.uid, owner.gid)
    await rename(draft, file)
  } catch (thrown) {
    throw mapFileError(thrown, file, 'write')
  }
}
