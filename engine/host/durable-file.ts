import { open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { mapFileError } from './file-error.ts'

/**
 * Writes a whole file so that it is there entirely or not at all, also after a power cut: a draft `<file>.tmp` is
 * written, synced and renamed, and then the directory is synced. A failure leaves the old file and no draft.
 */
export async function writeFileDurably(
  file: string,
  content: Uint8Array | string,
  { mode }: { readonly mode: number },
): Promise<void> {
  const draft = `${file}.tmp`
  try {
    await rm(draft, { force: true })
    const handle = await open(draft, 'wx', mode)
    try {
      await handle.chmod(mode)
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, file)
    await syncDirectory(path.dirname(file))
  } catch (thrown) {
    await rm(draft, { force: true }).catch(() => undefined)
    throw mapFileError(thrown, file, 'write')
  }
}

/**
 * Overwrites a file in place, for when a full disk has no room for a draft. Not atomic: a power cut may leave parts of
 * both.
 */
export async function overwriteDurably(file: string, content: string): Promise<void> {
  try {
    const bytes = Buffer.from(content, 'utf8')
    const handle = await open(file, 'r+')
    try {
      for (let done = 0; done < bytes.length;) {
        done += (await handle.write(bytes, done, bytes.length - done, done)).bytesWritten
      }
      await handle.truncate(bytes.length)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (thrown) {
    throw mapFileError(thrown, file, 'write')
  }
}

/** Makes names in a directory survive a power cut. Windows has no such call and does not need it. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
