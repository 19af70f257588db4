import { closeSync, constants, fchmodSync, fchownSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { mapFileError } from './file-error.ts'

/** What goes past the page cache begins and ends on multiples of this, in the file and in memory; it suits every disk. */
const DIRECT_BLOCK_BYTES = 4096
const WRITABLE_BY_OWNER = 0o600
const PERMISSIONS = 0o777

/**
 * A new file that is written synchronously, for page workers.
 *
 * A large file goes past the page cache where the file system allows it: what the database has in the cache stays there,
 * the sync at the end finds nothing left to write, and no memory has to be cleared for pages that nobody reads soon.
 * That holds for writes of whole blocks of 4096 bytes from an aligned buffer; the first other one ends it for the file.
 *
 * Disposing closes the file. What was written stays, complete or not.
 */
export class FileWriter implements Disposable {
  readonly #path: string
  #descriptor: number
  #isDirect: boolean

  /** `mode` holds whatever the umask is. `exclusively` refuses a file that exists; otherwise it is emptied. */
  constructor(
    path: string,
    options: {
      readonly mode: number
      readonly isLarge: boolean
      readonly exclusively: boolean
      /** Whom the file is given to; undefined = it stays ours. */
      readonly owner?: { readonly uid: number; readonly gid: number } | undefined
    },
  ) {
    const { mode, owner } = options
    this.#path = path
    this.#isDirect = options.isLarge && isDirectPossible && (mode & WRITABLE_BY_OWNER) === WRITABLE_BY_OWNER
    const flags =
      constants.O_WRONLY | constants.O_CREAT | (options.exclusively ? constants.O_EXCL : constants.O_TRUNC)
    this.#descriptor = this.#create(flags, mode)
    try {
      if (owner !== undefined) fchownSync(this.#descriptor, owner.uid, owner.gid)
      // Giving a file away clears the special bits of its mode.
      if ((mode & umask) !== 0 || (owner !== undefined && mode > PERMISSIONS))
        fchmodSync(this.#descriptor, mode)
    } catch (thrown) {
      closeSync(this.#descriptor)
      throw mapFileError(thrown, path, 'create')
    }
  }

  get descriptor(): number {
    return this.#descriptor
  }

  /** Writes all of the bytes. */
  write(bytes: Uint8Array, offset: number): void {
    try {
      if (this.#isDirect && !isAligned(bytes, offset)) this.#leaveDirect()
      for (let done = 0; done < bytes.length;) {
        try {
          // Fewer than were given may be taken, for example just before the disk is full.
          done += writeSync(this.#descriptor, bytes, done, bytes.length - done, offset + done)
        } catch (thrown) {
          // Some file systems take the flag and refuse the write; of a part that was written the rest may be unaligned.
          if (!this.#isDirect || !isInvalid(thrown)) throw thrown
          this.#leaveDirect()
        }
      }
    } catch (thrown) {
      throw mapFileError(thrown, this.#path, 'write')
    }
  }

  /** Makes the file that long: cuts it off, or fills it up with a hole. */
  setSize(bytes: number): void {
    try {
      ftruncateSync(this.#descriptor, bytes)
    } catch (thrown) {
      throw mapFileError(thrown, this.#path, 'extend')
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor)
  }

  #create(flags: number, mode: number): number {
    try {
      if (this.#isDirect) return openSync(this.#path, flags | constants.O_DIRECT, mode)
    } catch (thrown) {
      if (!isInvalid(thrown)) throw mapFileError(thrown, this.#path, 'create')
      this.#isDirect = false
    }
    try {
      return openSync(this.#path, flags, mode)
    } catch (thrown) {
      throw mapFileError(thrown, this.#path, 'create')
    }
  }

  #leaveDirect(): void {
    this.#isDirect = false
    const descriptor = openSync(this.#path, constants.O_WRONLY)
    closeSync(this.#descriptor)
    this.#descriptor = descriptor
  }
}

const isDirectPossible = process.platform === 'linux'
/** Changing it is not possible in a worker, and nothing else does. */
const umask = process.umask()

function isAligned(bytes: Uint8Array, offset: number): boolean {
  return (bytes.byteOffset | bytes.length | offset) % DIRECT_BLOCK_BYTES === 0
}

function isInvalid(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'EINVAL'
}
