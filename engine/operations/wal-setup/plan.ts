import { shellWord } from '../../base/shell-word.ts'
import { type WalSetupNote, walSetupNote } from '../../base/wal-setup-notes.ts'
import type { ArchivingFacts } from '../../server/postgres/archiving-facts.ts'

/** A server that archives in time has hardly ever more files waiting. */
const USUALLY_WAITING = 1

/** One setting of the server that has to be another. */
export type WantedSetting = {
  readonly name: string
  readonly now: string
  readonly wanted: string
  readonly takesEffect: 'restart' | 'reload'
}

/** One way for WAL to get into the archive. */
export type SetupWay = {
  /** `works`: as it should be. `ready`: nothing of the server has to change. */
  readonly state: 'works' | 'ready' | 'needs-change'
  readonly notes: readonly WalSetupNote[]
  readonly settings: readonly WantedSetting[]
  /** Runs as a superuser, over any connection; empty when nothing has to change. */
  readonly sql: string
  /** The same as lines of postgresql.conf. */
  readonly configuration: string
  readonly needsRestart: boolean
  /** The line that receives WAL without the application; undefined where the server itself hands WAL over. */
  readonly commandLine: string | undefined
}

export type WalSetup = {
  readonly role: 'primary' | 'standby'
  readonly facts: ArchivingFacts
  /** The server hands each segment to `tidemark archive-push`. */
  readonly command: SetupWay
  /** Tidemark takes WAL over a replication connection, with no change of `archive_command`. */
  readonly receiver: SetupWay
}

type Asked = {
  readonly catalog: string
  readonly instance: string
  /** How the program is called on the machine of the server. */
  readonly program: string
  readonly slot: string
  /** What came of an attempt to connect for replication; undefined = it worked. */
  readonly refusal: { readonly message: string; readonly remedy: string | undefined } | undefined
  readonly isReceiving: boolean
}

/** Says how a server archives and what has to change for either way. Pure. */
export function planWalSetup(facts: ArchivingFacts, asked: Asked): WalSetup {
  return {
    role: facts.isInRecovery ? 'standby' : 'primary',
    facts,
    command: planCommand(facts, asked),
    receiver: planReceiver(facts, asked),
  }
}

/**
 * What `archive_command` has to be. The server replaces %p and %f and makes %% a percent sign, then hands the line to a
 * shell. Source: PostgreSQL manual, "Continuous Archiving".
 */
export function archiveCommand({
  catalog,
  instance,
  program,
}: Pick<Asked, 'catalog' | 'instance' | 'program'>) {
  const fixed =
    `${shellWord(program)} archive-push -B ${shellWord(catalog)} --instance=${shellWord(instance)}`.replaceAll(
      '%',
      '%%',
    )
  return `${fixed} --wal-file-path=%p --wal-file-name=%f`
}

function planCommand(facts: ArchivingFacts, asked: Asked): SetupWay {
  const notes: WalSetupNote[] = []
  const settings: WantedSetting[] = []
  const wantedMode = facts.isInRecovery ? 'always' : 'on'
  const isOn = facts.isInRecovery ? facts.archiveMode === 'always' : facts.archiveMode !== 'off'
  pushWalLevel(facts, notes, settings)
  if (!isOn) {
    notes.push(walSetupNote('problem', facts.isInRecovery ? 'standby-needs-always' : 'archive-off'))
    settings.push({
      name: 'archive_mode',
      now: facts.archiveMode,
      wanted: wantedMode,
      takesEffect: 'restart',
    })
  } else if (facts.isInRecovery) notes.push(walSetupNote('ok', 'standby-always'))
  if (facts.isInRecovery) notes.push(walSetupNote('attention', 'standby-and-primary'))

  const { archiveCommand: now, archiveLibrary = '' } = facts
  if (archiveLibrary !== '') {
    notes.push(walSetupNote('attention', 'library-instead', { library: archiveLibrary }))
    settings.push({ name: 'archive_library', now: archiveLibrary, wanted: '', takesEffect: 'reload' })
  }
  const isHere = now !== undefined && leadsHere(now, asked)
  if (now === undefined) notes.push(walSetupNote('attention', 'settings-unseen'))
  // The server shows that archiving is off in the place of the command.
  else if (now === '' || now === '(disabled)') {
    if (isOn) notes.push(walSetupNote('problem', 'command-empty'))
  } else notes.push(walSetupNote(isHere ? 'ok' : 'attention', isHere ? 'command-here' : 'command-elsewhere'))
  if (!isHere) {
    settings.push({
      name: 'archive_command',
      now: now ?? '',
      wanted: archiveCommand(asked),
      takesEffect: 'reload',
    })
  }
  const archiver = isOn ? judgeArchiver(facts) : undefined
  if (archiver !== undefined) notes.push(archiver)
  const waitingCount = facts.archiver?.waitingCount ?? 0
  if (isOn && waitingCount > USUALLY_WAITING)
    notes.push(walSetupNote('attention', 'archiver-waits', { count: waitingCount }))
  const isWorking = settings.length === 0 && archiver?.code === 'archiver-works'
  return way(settings, notes, isWorking, undefined)
}

function planReceiver(facts: ArchivingFacts, asked: Asked): SetupWay {
  const notes: WalSetupNote[] = []
  const settings: WantedSetting[] = []
  pushWalLevel(facts, notes, settings)
  const { maxWalSenders, usedWalSenders, maxSlots, slots } = facts
  const areSendersFree = asked.isReceiving || usedWalSenders < maxWalSenders
  notes.push(
    areSendersFree
      ? walSetupNote('ok', 'senders-fine', { used: usedWalSenders, count: maxWalSenders })
      : walSetupNote('problem', 'senders-none', { count: maxWalSenders }),
  )
  if (!areSendersFree) settings.push(oneMore('max_wal_senders', maxWalSenders))
  if (slots.includes(asked.slot)) notes.push(walSetupNote('ok', 'receiver-slot', { slot: asked.slot }))
  else if (slots.length < maxSlots)
    notes.push(walSetupNote('ok', 'slots-fine', { used: slots.length, count: maxSlots }))
  else {
    notes.push(walSetupNote('problem', 'slots-none', { count: maxSlots }))
    settings.push(oneMore('max_replication_slots', maxSlots))
  }
  const statements: string[] = []
  if (!facts.canReplicate) {
    notes.push(walSetupNote('problem', 'role-may-not-replicate', { role: facts.role }))
    statements.push(`ALTER ROLE ${quoteIdentifier(facts.role)} WITH REPLICATION;`)
  } else if (asked.refusal !== undefined)
    notes.push(walSetupNote('problem', 'replication-refused', { message: asked.refusal.message }))
  else notes.push(walSetupNote('ok', 'replication-works'))
  if (/^\s*\*|\(\s*\*|,\s*\*/.test(facts.synchronousStandbyNames))
    notes.push(walSetupNote('attention', 'sync-standby-any', { value: facts.synchronousStandbyNames }))
  notes.push(walSetupNote('attention', 'slot-keeps-wal'))
  const { catalog, instance, program, slot, isReceiving } = asked
  const commandLine =
    `${shellWord(program)} receive-wal -B ${shellWord(catalog)} --instance=${shellWord(instance)} ` +
    `--slot=${slot} --create-slot`
  return way(settings, notes, isReceiving, commandLine, statements)
}

function pushWalLevel(facts: ArchivingFacts, notes: WalSetupNote[], settings: WantedSetting[]): void {
  if (facts.walLevel !== 'minimal') {
    notes.push(walSetupNote('ok', 'wal-level-fine', { level: facts.walLevel }))
    return
  }
  notes.push(walSetupNote('problem', 'wal-level-minimal'))
  settings.push({ name: 'wal_level', now: 'minimal', wanted: 'replica', takesEffect: 'restart' })
  // A server with wal_level=minimal may be set to have no senders at all.
  if (facts.maxWalSenders === 0) settings.push({ ...oneMore('max_wal_senders', 0), wanted: '10' })
}

function judgeArchiver({ archiver }: ArchivingFacts): WalSetupNote {
  if (archiver === undefined) return walSetupNote('attention', 'archiver-unseen')
  const { lastArchivedAt, lastArchivedWal, lastFailedAt, lastFailedWal, failedCount } = archiver
  const isFailing =
    lastFailedAt !== undefined &&
    (lastArchivedAt === undefined || Date.parse(lastFailedAt) > Date.parse(lastArchivedAt))
  if (isFailing) {
    const values = { wal: lastFailedWal ?? '', at: lastFailedAt, count: failedCount }
    return walSetupNote('problem', 'archiver-fails', values)
  }
  return lastArchivedAt === undefined
    ? walSetupNote('attention', 'archiver-idle')
    : walSetupNote('ok', 'archiver-works', { wal: lastArchivedWal ?? '', at: lastArchivedAt })
}

/** Whether a command of the family pushes into that archive. */
function leadsHere(command: string, { catalog, instance }: Asked): boolean {
  const plain = command.replaceAll('%%', '%').replaceAll(/['"]/g, '')
  return (
    plain.includes('archive-push') &&
    plain.includes(catalog.replaceAll(/['"]/g, '')) &&
    new RegExp(String.raw`--instance[= ]${instance}(\s|$)`).test(plain)
  )
}

function way(
  settings: readonly WantedSetting[],
  notes: readonly WalSetupNote[],
  isWorking: boolean,
  commandLine: string | undefined,
  statements: readonly string[] = [],
): SetupWay {
  const hasProblem = notes.some(({ state }) => state === 'problem')
  const needsRestart = settings.some(({ takesEffect }) => takesEffect === 'restart')
  const alter = settings.map(({ name, wanted }) => `ALTER SYSTEM SET ${name} = ${quoteLiteral(wanted)};`)
  const reload = settings.length > 0 && !needsRestart ? ['SELECT pg_reload_conf();'] : []
  return {
    state:
      settings.length > 0 || statements.length > 0 || hasProblem
        ? 'needs-change'
        : isWorking
          ? 'works'
          : 'ready',
    notes,
    settings,
    sql: [...statements, ...alter, ...reload].map((line) => `${line}\n`).join(''),
    configuration: settings
      .map(({ name, wanted }) => `${name} = ${quoteLiteral(wanted.replaceAll('\\', String.raw`\\`))}\n`)
      .join(''),
    needsRestart,
    commandLine,
  }
}

function oneMore(name: string, now: number): WantedSetting {
  return { name, now: String(now), wanted: String(now + 1), takesEffect: 'restart' }
}

/** As SQL has it, and postgresql.conf but for backslashes, which begin an escape there. */
function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

function quoteIdentifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}
