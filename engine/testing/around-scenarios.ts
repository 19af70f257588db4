import { openTestDirectory } from './test-directory.ts'

/** The largest scenario alone puts 5 GB there, and three files run at the same time. */
const NEEDED_BYTES = 10 * 2 ** 30

let close: (() => void) | undefined

/** Vitest calls this before the first scenario file. */
export function setup(): void {
  close = openTestDirectory('scenarios', NEEDED_BYTES)
}

/** Vitest calls this after the last. */
export function teardown(): void {
  close?.()
}
