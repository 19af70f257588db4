import { closeSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { EngineError } from '../base/engine-error.ts'
import { strftime } from './strftime.ts'

/** Where a log file goes and when it starts afresh. */
export type LogFilePlace = {
  /** An absolute path. Made, with mode 0700, when the first line is written. */
  readonly directory: string
  /** With strftime escapes. */
  readonly pattern: string
  /** 0 = never. */
  readonly rotationKilobytes: number
  /** 0 = never. */
  readonly rotationAgeMs: number
}

/** An open log file. */
export type LogFile = Disposable & { append(line: string): void; readonly path: string }

/**
 * Opens the log file of this moment, or starts it afresh when it has become too old or too large. The time it was started
 * stands beside it in `<file>.rotation`, in Unix seconds. Source: `catalog-format.md` section 15.
 *
 * @param warn is told when the time cannot be read; the file then goes on, and its age counts from now.
 * @throws {EngineError} `storage.failed`, `usage.invalid` for a bad pattern.
 */
export function openLogFile(place: LogFilePlace, nowMs: number, warn: (message: string) => void): LogFile {
  const file = path.join(place.directory, strftime(place.pattern, new Date(nowMs)))
  const control = `${file}.rotation`
  try {
    makeDirectory(place.directory)
    const sizeBytes = statSync(file, { throwIfNoEntry: false })?.size
    const startedSeconds =
      sizeBytes === undefined || place.rotationAgeMs === 0 ? undefined : readStart(control, warn)
    const isTooOld =
      startedSeconds !== undefined &&
      Math.floor(nowMs / 1000) - startedSeconds > Math.floor(place.rotationAgeMs / 1000)
    const isTooLarge =
      sizeBytes !== undefined && place.rotationKilobytes > 0 && sizeBytes >= place.rotationKilobytes * 1024
    const isFresh = sizeBytes === undefined || isTooOld || isTooLarge

    let descriptor: number | undefined = openSync(file, isTooOld || isTooLarge ? 'w' : 'a')
    if (isFresh || (place.rotationAgeMs > 0 && startedSeconds === undefined)) {
      writeFileSync(control, String(Math.floor(nowMs / 1000)))
    }
    return {
      path: file,
      append(line) {
        if (descriptor !== undefined) writeSync(descriptor, line)
      },
      [Symbol.dispose]() {
        if (descriptor !== undefined) closeSync(descriptor)
        descriptor = undefined
      },
    }
  } catch (cause) {
    throw new EngineError('storage.failed', `the log file "${file}" cannot be written`, {
      hint: 'Choose another place with --log-directory, or switch it off with --log-level-file=off.',
      cause,
    })
  }
}

function makeDirectory(directory: string): void {
  if (statSync(directory, { throwIfNoEntry: false }) === undefined) mkdirSync(directory, { mode: 0o700 })
}

function readStart(control: string, warn: (message: string) => void): number | undefined {
  let text: string
  try {
    text = readFileSync(control, 'utf8')
  } catch (thrown) {
    const isMissing = (thrown as NodeJS.ErrnoException).code === 'ENOENT'
    warn(`the rotation file "${control}" ${isMissing ? 'is missing' : 'cannot be read'}; it is written anew`)
    return undefined
  }
  if (/^\d{1,15}\s*$/.test(text)) return Number(text)
  warn(`the rotation file "${control}" holds no time; it is written anew`)
  return undefined
}
