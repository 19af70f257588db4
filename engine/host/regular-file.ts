import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/**
 * Opens a regular file for reading; undefined for what is there and none. What comes from outside may be a pipe, which
 * would otherwise hold up whoever opens it until somebody writes, and no signal ends that.
 *
 * @throws what the file system throws
 */
export async function openRegular(file: string): Promise<FileHandle | undefined> {
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(
    (thrown: unknown) => {
      // A socket, or a device without a driver.
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENXIO') return undefined
      throw thrown
    },
  )
  if (handle === undefined) return undefined
  try {
    if ((await handle.stat()).isFile()) return handle
  } catch (thrown) {
    await handle.close()
    throw thrown
  }
  await handle.close()
  return undefined
}
