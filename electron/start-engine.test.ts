import { afterEach, expect, it } from 'vitest'
import * as z from 'zod'
import { connect } from '../engine/api/connect.ts'
import { query } from '../engine/api/define.ts'
import { memorySecrets } from '../engine/api/secrets.ts'
import { type EngineThread, startEngine } from './start-engine.ts'

const contract = {
  echo: query<unknown>()(z.unknown()),
  secret: query<string>()(z.unknown()),
  die: query<never>()(z.unknown()),
  leave: query<never>()(z.unknown()),
}

/** An engine with four answers, in a thread of its own. */
const module = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href)
const source = `
  import { parentPort, workerData } from 'node:worker_threads'
  import { linkedSecretStore } from ${module('./secrets-link.ts')}
  const { secretsKind, secretsPort, stateDirectory } = workerData
  if (stateDirectory === 'refused') throw new Error('the state cannot be opened')
  const secrets = linkedSecretStore(secretsKind, secretsPort)
  parentPort.on('message', ({ type, port }) => {
    if (type === 'stop') return process.exit()
    port.on('message', async ({ id, name, input }) => {
      if (name === 'die') setTimeout(() => { throw new Error('it died') })
      else if (name === 'leave') process.exit(3)
      else if (name === 'secret') {
        await secrets.write('a', input)
        const value = await secrets.read('a')
        await secrets.remove('a')
        port.postMessage({ id, type: 'done', value: value + String(await secrets.read('a')) })
      } else port.postMessage({ id, type: 'done', value: input })
    })
  })`
const entry = new URL(`data:text/javascript,${encodeURIComponent(source)}`)

let engine: EngineThread
afterEach(() => engine.stop())

function start(stateDirectory = '/state'): EngineThread {
  engine = startEngine({ entry, stateDirectory, secrets: memorySecrets() })
  return engine
}

it('answers several clients, each on a port of its own', async () => {
  start()
  const [one, two] = [connect(contract, engine.connect()), connect(contract, engine.connect())]
  const value = { size: 2n ** 60n, at: new Date(0), none: undefined }
  expect(await Promise.all([one.echo(value), two.echo('two')])).toStrictEqual([value, 'two'])
})

it('reaches the keyring of the main process from the thread', async () => {
  const client = connect(contract, start().connect())
  expect(await client.secret('pass')).toBe('passundefined')
})

it('stops without a reason, and gives no port afterwards', async () => {
  start()
  await Promise.all([engine.stop(), engine.stop()])
  expect(await engine.ended).toBeUndefined()
  await expect(connect(contract, engine.connect()).echo(1)).rejects.toMatchObject({ code: 'engine.gone' })
})

it.each([
  ['die', 'it died'],
  ['leave', `the engine's thread ended with code 3`],
] as const)('ends waiting calls and says why when the thread does %s', async (name, reason) => {
  const client = connect(contract, start().connect())
  await expect(client[name](0)).rejects.toMatchObject({ code: 'engine.gone' })
  expect((await engine.ended)?.message).toBe(reason)
})

it('says why the engine did not start', async () => {
  const port = start('refused').connect()
  const closed = new Promise<void>((resolve) => port.onClose(resolve))
  expect((await engine.ended)?.message).toBe('the state cannot be opened')
  await closed
})
