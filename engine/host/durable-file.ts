import { link, lstat, open, rename, rm, unlink } from 'node:fs/promises'
import path from 'node:path'
import { isMissing, mapFileError } from './file-error.ts'

/**
 * Writes a whole file so that it is there entirely or not at all, also after a power cut: a draft beside it is
 * written, synced and renamed, and then the directory is synced. A failure leaves the old file and no draft. Only root may
 * name an owner.
 */
export async function writeFileDurably(
  file: string,
  content: Uint8Array | string | Iterable<Uint8Array>,
  { mode, owner }: { readonly mode: number; readonly owner?: { readonly uid: number; readonly gid: number } },
): Promise<void> {
  // Nobody else's: whoever removed or filled the draft of another process would give its name to half a file.
  const draft = `${file}.${process.pid}-${++drafts}.tmp`
  try {
    await rm(draft, { force: true })
    const handle = await open(draft, 'wx', mode)
    try {
      await handle.chmod(mode)
      if (owner !== undefined) await handle.chown(owner.uid, owner.gid)
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

let drafts = 0

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

/**
 * Gives a file its final name unless that is taken. On file systems without hard links another process that takes the
 * name at the same moment loses its file.
 *
 * @returns false when the name is taken; then the draft stays. Syncing the directory is left to the caller.
 */
export async function renameIfFree(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file)
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
    if (code === 'EEXIST') return false
    if (!WITHOUT_LINKS.has(code)) throw mapFileError(thrown, file, 'create')
    if (await isThere(file)) return false
    await rename(draft, file)
    return true
  }
  await unlink(draft)
  return true
}

/** What file systems without hard links answer. */
const WITHOUT_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

async function isThere(file: string): Promise<boolean> {
  return await lstat(file).then(
    () => true,
    (thrown: unknown) => {
      if (isMissing(thrown)) return false
      throw mapFileError(thrown, file, 'look at')
    },
  )
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
