import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { EngineError } from '../../base/engine-error.ts'
import type { ContentEntry, HeaderTablePlace } from '../../format/content-list.ts'
import { isMissing, mapFileError } from '../../host/file-error.ts'

const CHUNK_BYTES = 1 << 20

type WithHeaders = ContentEntry & { readonly headers: HeaderTablePlace }

/**
 * The header map of the merged backup until it takes the place of the old one. Its name is not the one that the
 * reference tool gives its own: that tool appends to what it finds and so would spoil a merge of ours that it takes up
 * again (catalog format 5.4).
 */
export class HeaderMapDraft implements AsyncDisposable {
  readonly #path: string
  readonly #draft: string
  #file: FileHandle | undefined
  #size = 0
  #queue: Promise<void> = Promise.resolve()

  constructor(directory: string) {
    this.#path = path.join(directory, 'page_header_map')
    this.#draft = `${this.#path}.tmp`
  }

  /** Removes what an earlier merge left, of whichever program. */
  async clear(): Promise<void> {
    for (const draft of [this.#draft, `${this.#path}_tmp`]) {
      await rm(draft, { force: true }).catch((thrown: unknown) => {
        throw mapFileError(thrown, draft, 'remove')
      })
    }
  }

  /** Gives the offset of the table. */
  async append(blob: Uint8Array): Promise<number> {
    const offset = this.#size
    this.#size += blob.length
    this.#queue = this.#queue.then(() => this.#write(blob, offset))
    await this.#queue
    return offset
  }

  /**
   * Takes the tables of these files over from the old map, which is read in large pieces, and gives the files with
   * their new places.
   *
   * @throws {EngineError} `backup.damaged` when the old map is missing or too short
   */
  async takeOver(files: readonly WithHeaders[]): Promise<readonly WithHeaders[]> {
    const sorted = files.toSorted((a, b) => a.headers.offset - b.headers.offset)
    const end = Math.max(0, ...sorted.map(({ headers }) => headers.offset + headers.sizeBytes))
    let old: FileHandle
    try {
      old = await open(this.#path, 'r')
    } catch (thrown) {
      if (isMissing(thrown)) {
        if (files.length === 0) return []
        throw this.#tooShort()
      }
      throw mapFileError(thrown, this.#path, 'open')
    }
    try {
      if ((await old.stat()).size < end) throw this.#tooShort()
      const taken: WithHeaders[] = []
      for (const { from, sizeBytes, members } of toRuns(sorted)) {
        const base = this.#size
        for (let done = 0; done < sizeBytes;) {
          const piece = new Uint8Array(Math.min(CHUNK_BYTES, sizeBytes - done))
          const { bytesRead } = await old.read(piece, 0, piece.length, from + done)
          if (bytesRead === 0) throw this.#tooShort()
          await this.append(piece.subarray(0, bytesRead))
          done += bytesRead
        }
        for (const file of members) {
          taken.push({ ...file, headers: { ...file.headers, offset: base + file.headers.offset - from } })
        }
      }
      return taken
    } catch (thrown) {
      throw mapFileError(thrown, this.#path, 'read')
    } finally {
      await old.close()
    }
  }

  /** Replaces the old map; without any table there is none. The directory is yet to be synced. */
  async commit(isSynced: boolean): Promise<void> {
    try {
      if (this.#file === undefined) return await rm(this.#path, { force: true })
      if (isSynced) await this.#file.sync()
      await this.#close()
      await rename(this.#draft, this.#path)
    } catch (thrown) {
      throw mapFileError(thrown, this.#path, 'replace')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#file === undefined) return
    await this.#close()
    await rm(this.#draft, { force: true })
  }

  #tooShort(): EngineError {
    return new EngineError('backup.damaged', `"${this.#path}" lacks tables that the content list names`, {
      hint: 'Validate the backup; merging has changed none of its files.',
    })
  }

  async #close(): Promise<void> {
    await this.#file?.close()
    this.#file = undefined
  }

  async #write(blob: Uint8Array, offset: number): Promise<void> {
    try {
      if (this.#file === undefined) {
        await rm(this.#draft, { force: true })
        this.#file = await open(this.#draft, 'wx', 0o600)
      }
      for (let done = 0; done < blob.length;) {
        done += (await this.#file.write(blob, done, blob.length - done, offset + done)).bytesWritten
      }
    } catch (thrown) {
      throw mapFileError(thrown, this.#draft, 'write')
    }
  }
}

type Run = { readonly from: number; sizeBytes: number; readonly members: WithHeaders[] }

/** Joins tables that lie side by side. */
function toRuns(sorted: readonly WithHeaders[]): readonly Run[] {
  const runs: Run[] = []
  for (const file of sorted) {
    const { offset, sizeBytes } = file.headers
    const last = runs.at(-1)
    if (last !== undefined && last.from + last.sizeBytes === offset) {
      last.sizeBytes += sizeBytes
      last.members.push(file)
    } else runs.push({ from: offset, sizeBytes, members: [file] })
  }
  return runs
}
