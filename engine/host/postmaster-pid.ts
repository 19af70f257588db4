import { readFile } from 'node:fs/promises'
import path from 'node:path'

/** What a server that was started on a data directory has written down there. What an early start has not told yet is empty. */
export type PostmasterPid = {
  /** Negative for a server without clients (`postgres --single`). The process may be gone, and its number another's. */
  readonly pid: number
  readonly dataDirectory: string
  readonly port: string
  /** Where its Unix socket is; empty without one. */
  readonly socketDirectory: string
  /** The first address that it listens on, `*` for all; empty for none. */
  readonly listens: string
}

/**
 * Reads `postmaster.pid`; undefined when it is not there, cannot be read, or names no process. Source: PostgreSQL
 * `miscadmin.h`, LOCK_FILE_LINE_*: number, data directory, start, port, directory of the socket, address.
 */
export async function readPostmasterPid(dataDirectory: string): Promise<PostmasterPid | undefined> {
  const text = await readFile(path.join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '')
  const [number = '', directory = '', , port = '', socketDirectory = '', listens = ''] = text
    .split('\n')
    .map((line) => line.trim())
  if (!/^-?[1-9]\d{0,9}$/.test(number)) return undefined
  return { pid: Number(number), dataDirectory: directory, port, socketDirectory, listens }
}
