import { stat } from 'node:fs/promises'

/** Whether something is at a path, of whatever kind. */
export async function isThere(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  )
}
