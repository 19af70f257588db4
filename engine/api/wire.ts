import { EngineError } from '../base/engine-error.ts'

/** Where the WebSocket of a web host is. */
export const SOCKET_PATH = '/engine'

/** `Sec-WebSocket-Protocol` of a client: this and the token. A header, so that no request line or log shows it. */
export const SOCKET_PROTOCOL = 'tidemark.'

/** The name of the token in the fragment of the page's address, `#token=…`, which browsers do not send. */
export const TOKEN_NAME = 'token'

/** Deeper values are a cycle or an attack; the contract nests less than ten levels. */
const MOST_DEPTH = 64

/** `String.fromCharCode` takes its bytes as arguments, and the stack holds only so many. */
const BYTES_PER_CALL = 8192

/**
 * Writes a message of the contract as JSON text, for a transport that has no structured clone.
 *
 * Carries text, numbers (also `NaN`, the infinities and `-0`), `bigint`, booleans, `null`, `undefined`, `Date`,
 * `Uint8Array`, arrays, `Map`, `Set` and plain objects with any key. What JSON lacks becomes an object with the one
 * key `$`; a key of ours that starts with `$` gets one more. Anything else (a function, a class instance) is a
 * mistake of the caller and throws a `TypeError`, as structured clone does.
 */
export function encodeWire(value: unknown): string {
  return JSON.stringify(tag(value, 0))
}

/**
 * The inverse of {@link encodeWire}. Text may come from a stranger: what `encodeWire` never writes throws
 * `value.malformed`, and no key reaches a prototype.
 */
export function decodeWire(text: string): unknown {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new EngineError('value.malformed', 'the message is not JSON', { cause })
  }
  return untag(parsed, 0)
}

function tag(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $: ['number', numberText(value)] }
    case 'undefined':
      return { $: ['undefined'] }
    case 'bigint':
      return { $: ['bigint', String(value)] }
    case 'object':
      return value === null ? null : tagObject(value, depth)
    default:
      throw new TypeError(`a ${typeof value} cannot be sent`)
  }
}

function tagObject(value: object, depth: number): unknown {
  if (depth >= MOST_DEPTH) throw new TypeError(`a value nested more than ${MOST_DEPTH} deep cannot be sent`)
  const inner = (item: unknown): unknown => tag(item, depth + 1)
  // Array.from visits holes, which map() leaves out.
  if (Array.isArray(value)) return Array.from(value, inner)
  if (value instanceof Date) return { $: ['date', numberText(value.getTime())] }
  if (value instanceof Uint8Array) return { $: ['bytes', base64(value)] }
  if (value instanceof Map) return { $: ['map', Array.from(value, (pair) => pair.map(inner))] }
  if (value instanceof Set) return { $: ['set', Array.from(value, inner)] }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw new TypeError(`a ${value.constructor.name} cannot be sent`)
  }
  // fromEntries defines properties: a key "__proto__" stays a key.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.startsWith('$') ? `$${key}` : key, inner(item)]),
  )
}

function untag(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MOST_DEPTH) throw malformed(`it is nested more than ${MOST_DEPTH} deep`)
  if (Array.isArray(value)) return value.map((item) => untag(item, depth + 1))
  if (Object.hasOwn(value, '$')) return untagged((value as { $: unknown }).$, depth)
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key.startsWith('$$') ? key.slice(1) : key,
      untag(item, depth + 1),
    ]),
  )
}

function untagged(content: unknown, depth: number): unknown {
  const [kind, payload] = Array.isArray(content) ? (content as [unknown, unknown]) : []
  if (kind === 'undefined') return undefined
  if (kind === 'map' || kind === 'set') {
    const items = untag(payload, depth + 1)
    if (!Array.isArray(items)) throw malformed(`a ${kind} is not a list`)
    if (kind === 'set') return new Set(items)
    if (!items.every((pair) => Array.isArray(pair))) throw malformed('a map is not made of pairs')
    return new Map(items as [unknown, unknown][])
  }
  if (typeof payload === 'string') {
    if (kind === 'number') return numberOf(payload)
    if (kind === 'date') return new Date(numberOf(payload))
    if (kind === 'bigint' && /^-?[0-9]+$/.test(payload)) return BigInt(payload)
    if (kind === 'bytes' && /^[A-Za-z0-9+/]*={0,2}$/.test(payload)) return bytesOf(payload)
  }
  throw malformed('it has a tag of no known kind')
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function numberOf(text: string): number {
  const value = Number(text)
  if (numberText(value) !== text) throw malformed(`"${text.slice(0, 40)}" is not a number`)
  return value
}

function base64(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += BYTES_PER_CALL) {
    binary += String.fromCharCode(...bytes.subarray(at, at + BYTES_PER_CALL))
  }
  return btoa(binary)
}

function bytesOf(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch (cause) {
    throw malformed('its bytes are not base64', cause)
  }
}

function malformed(why: string, cause?: unknown): EngineError {
  return new EngineError('value.malformed', `the message cannot be read: ${why}`, { cause })
}
