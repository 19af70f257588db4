import { archiving } from './contract/archiving.ts'
import { instances } from './contract/instances.ts'
import { parseInput } from './serve.ts'

const contract = { ...archiving, 'instances.config': instances['instances.config'] }

/** The input of a call as the contract has it. @throws {EngineError} `value.malformed` */
export function parseArchivingInput(name: keyof typeof contract, input: unknown): unknown {
  return parseInput(contract, name, input)
}
