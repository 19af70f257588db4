import { link, mkdir, readdir, rename, rm, symlink } from 'node:fs/promises'
import path from 'node:path'
import { serverDirectory } from './servers.ts'

/** WAL that a server puts into a directory, and that a catalog sees when the test lets it. */
export type TestArchive = {
  /** Where all of it lies: for a `restore_command`. */
  readonly directory: string
  /** What the configuration of the server needs. */
  readonly settings: Readonly<Record<string, string>>
  /** Makes it the archive of an instance. */
  serve(ref: { readonly catalog: string; readonly instance: string }): Promise<void>
  /** From now on the catalog sees nothing new, so that a backup that waits for WAL goes on waiting. */
  close(): Promise<void>
  open(): Promise<void>
}

/**
 * An archive below `scratch`. The server always gets rid of its WAL: one whose `archive_command` does not return can
 * neither drop nor move a database.
 */
export function makeArchive(scratch: string): TestArchive {
  const directory = serverDirectory(path.join(scratch, 'archive'))
  const draft = `${directory}/%f.part`
  let place: string | undefined
  let closedCount = 0
  const show = async (seen: string): Promise<void> => {
    if (place === undefined) throw new Error('the archive serves no instance yet')
    await symlink(seen, `${place}.new`)
    await rename(`${place}.new`, place)
  }
  return {
    directory,
    settings: {
      archive_mode: 'on',
      archive_command: `'cp %p "${draft}" && mv "${draft}" "${directory}/%f"'`,
    },
    async serve({ catalog, instance }) {
      place = path.join(catalog, 'wal', instance)
      await rm(place, { recursive: true })
      await symlink(directory, place)
    },
    async close() {
      const frozen = path.join(scratch, `archive-${++closedCount}`)
      await mkdir(frozen)
      for (const name of await readdir(directory)) {
        if (!name.endsWith('.part')) await link(path.join(directory, name), path.join(frozen, name))
      }
      await show(frozen)
    },
    open: () => show(directory),
  }
}
