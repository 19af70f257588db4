import process from 'node:process'
import { parentPort, workerData } from 'node:worker_threads'
import { contract } from '../engine/api/contract/contract.ts'
import { openEngine } from '../engine/api/engine.ts'
import type { FromEngine, ToEngine } from '../engine/api/port.ts'
import { serve } from '../engine/api/serve.ts'
import { assert } from '../engine/base/assert.ts'
import { isLogged, logTo } from '../engine/base/log.ts'
import { linkedSecretStore } from './secrets-link.ts'
import { type ThreadData, threadPort, type ToThread } from './thread-messages.ts'

const main = parentPort
assert(main !== null, 'engine-thread.ts is the entry of a worker thread')
const { stateDirectory, secretsKind, secretsPort } = workerData as ThreadData

const engine = await openEngine({
  stateDirectory,
  transport: 'electron',
  secrets: linkedSecretStore(secretsKind, secretsPort),
  env: process.env,
  log: logTo(({ level, message }) => {
    if (isLogged(level, 'warning')) process.stderr.write(`tidemark engine: ${level}: ${message}\n`)
  }),
})

// What main has said so far waits in the port until there is a listener.
main.on('message', (message: ToThread) => {
  if (message.type === 'connect') {
    serve(contract, engine.handlers, threadPort<FromEngine, ToEngine>(message.port))
  } else {
    void stop()
  }
})

async function stop(): Promise<void> {
  await engine[Symbol.asyncDispose]()
  process.exit()
}
