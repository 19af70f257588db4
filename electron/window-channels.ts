/** Names of what main and preload say to each other. The `session` is a document's own: a reload gets another. */
export const CHANNELS = {
  /** Page to main: `session`. A new document wants a port to the engine. */
  open: 'engine:open',
  /** Page to main: `session, ToEngine`. */
  post: 'engine:post',
  /** Main to page: `session, FromEngine`. */
  message: 'engine:message',
  /** Main to page: `session`. The engine is gone. */
  close: 'engine:close',
  /** Page to main, answered: `DirectoryQuestion`. */
  chooseDirectory: 'choose-directory',
} as const

/** What a native dialog for a directory is told. */
export type DirectoryQuestion = {
  readonly title?: string
  /** Where the dialog begins. */
  readonly from?: string
}
