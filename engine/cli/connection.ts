import type { ServerAddress } from '../api/contract/values.ts'
import type { Given } from './given.ts'

/** How the server is reached, as far as that was asked for: a part of a request, empty where nothing was said. */
export function readConnection(given: Given): { readonly connection?: ServerAddress } {
  const host = given.text('pghost')
  const port = given.integer('pgport')
  const user = given.text('pguser')
  const database = given.text('pgdatabase')
  const connection = {
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port: String(port) }),
    ...(user !== undefined && { user }),
    ...(database !== undefined && { database }),
  }
  return Object.keys(connection).length === 0 ? {} : { connection }
}
