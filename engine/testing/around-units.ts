import { openTestDirectory } from './test-directory.ts'

/** The recorded catalogs alone take 200 MB. */
const NEEDED_BYTES = 2 * 2 ** 30

let close: (() => void) | undefined

/** Vitest calls this before the first unit test, in each project that has some. */
export function setup(): void {
  close ??= openTestDirectory('units', NEEDED_BYTES)
}

/** Vitest calls this after the last. */
export function teardown(): void {
  close?.()
}
