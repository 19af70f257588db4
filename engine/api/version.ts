import manifest from '../../package.json' with { type: 'json' }

/** The version of Tidemark. */
export const VERSION: string = manifest.version

/**
 * What is written into `program-version` of a backup. Tools refuse backups of a version newer than their own, so this
 * is the oldest version whose format we write; it is not the version of Tidemark (catalog format 3.3).
 */
export const WRITTEN_PROGRAM_VERSION = '2.5.0'

/** The newest version of the PostgreSQL dialect that Tidemark knows. */
export const NEWEST_PROGRAM_VERSION = '2.5.99'
