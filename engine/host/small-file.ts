import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { EngineError } from '../base/engine-error.ts'

/** No control or lock file comes near this; one that does is not what its name says. */
const MOST_BYTES = 1024 * 1024

/**
 * Reads a text file that is small by nature. A catalog is input from outside: a pipe in it must not stop the reader, nor
 * a huge file fill its memory.
 *
 * @throws {EngineError} `format.damaged` for what is no regular file or too large; else what the file system throws
 */
export function readSmallFile(file: string): string {
  const descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const found = fstatSync(descriptor)
    if (!found.isFile()) throw new EngineError('format.damaged', 'it is not a regular file')
    if (found.size > MOST_BYTES) throw new EngineError('format.damaged', `it has ${found.size} bytes`)
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}
