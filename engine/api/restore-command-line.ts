import type { RecoveryTargetInput, RestoreRequest } from './contract/restore.ts'

/** The same restore as a command for a shell, to be copied. Nothing of Tidemark runs it. */
export function restoreCommandLine(request: RestoreRequest): string {
  const words = [
    'tidemark restore',
    `-B ${quoted(request.catalog)}`,
    `--instance=${quoted(request.instance)}`,
    ...(request.id === undefined ? [] : [`-i ${request.id}`]),
    `-D ${quoted(request.dataDirectory)}`,
    ...(request.target === undefined ? [] : [targetOption(request.target)]),
    ...(request.isInclusive === undefined ? [] : [`--recovery-target-inclusive=${request.isInclusive}`]),
    ...(request.targetTimeline === undefined
      ? []
      : [`--recovery-target-timeline=${quoted(request.targetTimeline)}`]),
    ...(request.targetAction === undefined ? [] : [`--recovery-target-action=${request.targetAction}`]),
    ...(request.restoreCommand === undefined ? [] : [`--restore-command=${quoted(request.restoreCommand)}`]),
    ...(request.tablespaceMapping ?? []).map(
      ({ from, to }) => `-T ${quoted(`${escaped(from)}=${escaped(to)}`)}`,
    ),
    ...(request.externalMapping ?? []).map(
      ({ from, to }) => `--external-mapping=${quoted(`${escaped(from)}=${escaped(to)}`)}`,
    ),
    ...(request.skipsExternal === true ? ['--skip-external-dirs'] : []),
    ...(request.threads === undefined ? [] : [`-j ${request.threads}`]),
    ...(request.isValidated === false ? ['--no-validate'] : []),
    ...(request.checksBlocks === false ? ['--skip-block-validation'] : []),
    ...(request.isSynced === false ? ['--no-sync'] : []),
    ...(request.isForced === true ? ['--force'] : []),
    ...(request.isReplica === true ? ['-R'] : []),
    ...(request.primaryConninfo === undefined
      ? []
      : [`--primary-conninfo=${quoted(request.primaryConninfo)}`]),
    ...(request.primarySlotName === undefined ? [] : [`-S ${quoted(request.primarySlotName)}`]),
  ]
  return words.join(' ')
}

function targetOption(target: RecoveryTargetInput): string {
  switch (target.kind) {
    case 'immediate':
    case 'latest':
      return `--recovery-target=${target.kind}`
    case 'time':
      return `--recovery-target-time=${quoted(target.at)}`
    case 'xid':
      return `--recovery-target-xid=${target.xid}`
    case 'lsn':
      return `--recovery-target-lsn=${quoted(target.lsn)}`
    case 'name':
      return `--recovery-target-name=${quoted(target.name)}`
  }
}

/** An equals sign inside a path is written with a backslash in a mapping (catalog format 10.3). */
function escaped(path: string): string {
  return path.replaceAll('=', String.raw`\=`)
}

/** A word for a POSIX shell. */
function quoted(text: string): string {
  return /^[A-Za-z0-9_@%+:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
