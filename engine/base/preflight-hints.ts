/**
 * What to do about a line of the pre-flight of a restore. The window has the texts in its languages; these are for the
 * command line and for logs.
 */
export const PREFLIGHT_HINTS = {
  'validated-first': 'It is validated first, and not restored if it is damaged.',
  'validate-or-force': 'Let it be validated first, or force the restore.',
  'let-validate': 'Let it be validated first.',
  'empty-directory': 'Choose another directory, or move away what is in it.',
  'other-directory': 'Choose another directory; this one belongs to a running server.',
  'writable-directory': 'Choose a directory that you may write to.',
  'map-apart': 'Map each part to a directory of its own.',
  'more-space': 'Free space, or choose a directory on a larger disk.',
  'room-for-wal': 'Recovery needs room for WAL besides the files.',
  'given-to-owner': 'Files are given to the owner of the target directory; a server refuses to run as root.',
} as const

/** A hint as a code for the window and as English for everybody else. */
export type PreflightHint = {
  readonly code: keyof typeof PREFLIGHT_HINTS
  readonly values: Readonly<Record<string, string | number>>
  readonly text: string
}
