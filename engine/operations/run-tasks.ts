import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../base/assert.ts'
import { EngineError, toWireError } from '../base/engine-error.ts'
import { copyFiles } from './backup/copy-files.ts'
import { lookForChanges } from './backup/look-for-changes.ts'
import {
  type FromWorker,
  SHARED_BYTES,
  SHARED_CANCELLED,
  type Task,
  type TaskContext,
  type ToWorker,
} from './steps/worker-pool.ts'
import { checksumFiles } from './steps/checksum-files.ts'
import { checkFiles } from './steps/check-files.ts'
import { mergeFiles } from './merge/merge-files.ts'
import { readClassRows, readDatabaseRows, readIndexRows, readSchemaRows } from './relation-names/read-rows.ts'
import { rebuildFiles } from './restore/rebuild-files.ts'

/** Everything that page workers can do. A task that is missing here fails when it is first run, in every test. */
const tasks: readonly Task<never, unknown>[] = [
  copyFiles,
  lookForChanges,
  checksumFiles,
  checkFiles,
  rebuildFiles,
  mergeFiles,
  readClassRows,
  readDatabaseRows,
  readIndexRows,
  readSchemaRows,
]

const port = parentPort
assert(port !== null, 'this is for a worker thread')
const shared = workerData as BigInt64Array

const context: TaskContext = {
  addBytes: (count) => void Atomics.add(shared, SHARED_BYTES, BigInt(count)),
  throwIfCancelled: () => {
    if (Atomics.load(shared, SHARED_CANCELLED) !== 0n) {
      throw new EngineError('run.cancelled', 'the operation was cancelled')
    }
  },
}

port.on('message', ({ id, task, input }: ToWorker) => {
  let answer: FromWorker
  try {
    const found = tasks.find(({ name }) => name === task)
    assert(found !== undefined, `page workers have no task ${task}`)
    context.throwIfCancelled()
    answer = { id, output: found.run(input as never, context) }
  } catch (thrown) {
    answer = { id, error: toWireError(thrown) }
  }
  port.postMessage(answer)
})
