import { rmSync } from 'node:fs'
import { chmod, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A fresh directory that servers of another user can get through, removed in the end. */
export async function scratchDirectory(name: string): Promise<AsyncDisposable & { readonly path: string }> {
  const directory = await mkdtemp(path.join(tmpdir(), `tidemark-${name}-`))
  await chmod(directory, 0o711)
  return {
    path: directory,
    // Several times as fast as the promise of the same.
    [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }),
  }
}
