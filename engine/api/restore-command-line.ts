import { shellWord } from '../base/shell-word.ts'
import type { RecoveryTargetInput, RestoreRequest } from './contract/restore.ts'

/** The same restore as a command for a shell, to be copied. Nothing of Tidemark runs it. */
export function restoreCommandLine(request: RestoreRequest): string {
  const words = [
    'tidemark restore',
    `-B ${shellWord(request.catalog)}`,
    `--instance=${shellWord(request.instance)}`,
    ...(request.id === undefined ? [] : [`-i ${request.id}`]),
    `-D ${shellWord(request.dataDirectory)}`,
    ...(request.target === undefined ? [] : [targetOption(request.target)]),
    ...(request.isInclusive === undefined ? [] : [`--recovery-target-inclusive=${request.isInclusive}`]),
    ...(request.targetTimeline === undefined
      ? []
      : [`--recovery-target-timeline=${shellWord(request.targetTimeline)}`]),
    ...(request.targetAction === undefined ? [] : [`--recovery-target-action=${request.targetAction}`]),
    ...(request.restoreCommand === undefined
      ? []
      : [`--restore-command=${shellWord(request.restoreCommand)}`]),
    ...(request.copiesWal === true ? ['--copy-wal'] : []),
    ...(request.tablespaceMapping ?? []).map(
      ({ from, to }) => `-T ${shellWord(`${escaped(from)}=${escaped(to)}`)}`,
    ),
    ...(request.externalMapping ?? []).map(
      ({ from, to }) => `--external-mapping=${shellWord(`${escaped(from)}=${escaped(to)}`)}`,
    ),
    ...(request.skipsExternal === true ? ['--skip-external-dirs'] : []),
    ...(request.incrementalMode === undefined || request.incrementalMode === 'none'
      ? []
      : [`-I ${request.incrementalMode}`]),
    ...(request.movesAside === true ? ['--move-aside'] : []),
    ...(request.databases?.names ?? []).map((name) => `--db-${request.databases?.kind}=${shellWord(name)}`),
    ...(request.destroysOtherDatabases === true ? ['--destroy-all-other-dbs'] : []),
    ...(request.walDirectory === undefined ? [] : [`-X ${shellWord(request.walDirectory)}`]),
    ...(request.threads === undefined ? [] : [`-j ${request.threads}`]),
    ...(request.isValidated === false ? ['--no-validate'] : []),
    ...(request.checksBlocks === false ? ['--skip-block-validation'] : []),
    ...(request.isSynced === false ? ['--no-sync'] : []),
    ...(request.isForced === true ? ['--force'] : []),
    ...(request.isReplica === true ? ['-R'] : []),
    ...(request.primaryConninfo === undefined
      ? []
      : [`--primary-conninfo=${shellWord(request.primaryConninfo)}`]),
    ...(request.primarySlotName === undefined ? [] : [`-S ${shellWord(request.primarySlotName)}`]),
  ]
  return words.join(' ')
}

function targetOption(target: RecoveryTargetInput): string {
  switch (target.kind) {
    case 'immediate':
    case 'latest':
      return `--recovery-target=${target.kind}`
    case 'time':
      return `--recovery-target-time=${shellWord(target.at)}`
    case 'xid':
      return `--recovery-target-xid=${target.xid}`
    case 'lsn':
      return `--recovery-target-lsn=${shellWord(target.lsn)}`
    case 'name':
      return `--recovery-target-name=${shellWord(target.name)}`
  }
}

/** An equals sign inside a path is written with a backslash in a mapping (catalog format 10.3). */
function escaped(path: string): string {
  return path.replaceAll('=', String.raw`\=`)
}
