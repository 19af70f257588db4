import type { Run } from '../base/run.ts'

/** Reading WAL up to a target, as a phase of a job. */
export function targetRun(run: Run) {
  let doneBytes = 0
  let doneFiles = 0
  return {
    signal: run.signal,
    onSegment: (name: string, bytes: number): void => {
      doneBytes += bytes
      doneFiles++
      run.report({
        phase: 'validate-wal',
        doneBytes,
        totalBytes: undefined,
        doneFiles,
        totalFiles: undefined,
        currentFiles: [name],
      })
    },
  }
}
