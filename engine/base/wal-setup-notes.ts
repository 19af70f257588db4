/**
 * What the set-up of WAL archiving says of a server, with `{name}` for each value that belongs to it. The window has the
 * texts in its languages, by the code; these are for the command line and for logs.
 */
export const WAL_SETUP_NOTES = {
  'archiver-works': 'The archiver works: {wal} was archived last, at {at}.',
  'archiver-fails':
    'The archiver fails: {wal} could not be archived at {at}, {count} failures so far. The log of the server says why.',
  'archiver-idle': 'The archiver is on and has not archived anything yet.',
  'archiver-waits':
    '{count} files wait to be archived. If they become more, look into the log of the server: a command that cannot be started is told nowhere else.',
  'archiver-unseen': 'The role may not see how the archiver does.',
  'archive-off': 'archive_mode is off: the server hands no WAL to an archive.',
  'command-empty': 'archive_command is empty: the server keeps all WAL until there is one.',
  'command-elsewhere': 'archive_command does not lead into this catalog.',
  'command-here': 'archive_command leads into this catalog.',
  'library-instead': 'archive_library is set ({library}), so archive_command is not called.',
  'settings-unseen': 'The role may not see archive_command.',
  'standby-needs-always':
    'The server is a standby: it archives only with archive_mode=always, whatever its primary does.',
  'standby-always': 'The standby archives what it replays (archive_mode=always).',
  'standby-and-primary':
    'If the primary archives into the same catalog, each segment arrives twice: the second one is compared and left out.',
  'wal-level-minimal': 'wal_level is minimal: its WAL is too little for an archive.',
  'wal-level-fine': 'wal_level is {level}.',
  'senders-none': 'All {count} connections for replication are taken (max_wal_senders).',
  'senders-fine': '{used} of {count} connections for replication are taken.',
  'slots-none': 'All {count} replication slots are taken (max_replication_slots).',
  'slots-fine': '{used} of {count} replication slots are taken.',
  'role-may-not-replicate': 'The role "{role}" may not replicate.',
  'replication-refused': 'A replication connection is refused: {message}',
  'replication-works': 'A replication connection can be made.',
  'receiver-slot': 'The slot "{slot}" is there.',
  'slot-keeps-wal':
    'While nothing receives, the slot makes the server keep all WAL. max_slot_wal_keep_size limits how much; beyond it there is a gap.',
  'sync-standby-any':
    'synchronous_standby_names takes any standby ("{value}"): commits may wait for the receiver, up to a second each. Name the standbys that are meant.',
} as const

export type WalSetupCode = keyof typeof WAL_SETUP_NOTES

/** One thing that was seen: a code with values for the window, and English for everybody else. */
export type WalSetupNote = {
  readonly code: WalSetupCode
  readonly state: 'ok' | 'attention' | 'problem'
  readonly values: Readonly<Record<string, string | number>>
  readonly text: string
}

export function walSetupNote(
  state: WalSetupNote['state'],
  code: WalSetupCode,
  values: WalSetupNote['values'] = {},
): WalSetupNote {
  const text = WAL_SETUP_NOTES[code].replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
  return { code, state, values, text }
}
