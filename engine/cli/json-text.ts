const AS_WRITTEN = Symbol('as written')

/** What the JSON outputs are made of. Properties that are undefined are left out; bigints are written as numbers. */
export type JsonValue =
  | { readonly [AS_WRITTEN]: string }
  | string
  | number
  | bigint
  | boolean
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined }

/** JSON that is printed exactly like this: `1.00`, which as a number would be `1`. */
export function asWritten(text: string): JsonValue {
  return { [AS_WRITTEN]: text }
}

/**
 * JSON as the tool's family lays it out: four spaces, one item a line, and a line break also inside what is empty.
 * `JSON.stringify` writes `[]` there and knows no bigint.
 */
export function formatJson(value: JsonValue): string {
  return `${format(value, '')}\n`
}

function format(value: JsonValue, indent: string): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object') return String(value)
  if (AS_WRITTEN in value) return value[AS_WRITTEN]
  const inner = `${indent}    `
  const isList = Array.isArray(value)
  const items = isList
    ? (value as readonly JsonValue[]).map((item) => format(item, inner))
    : Object.entries(value as { readonly [key: string]: JsonValue | undefined }).flatMap(([key, item]) =>
        item === undefined ? [] : [`${JSON.stringify(key)}: ${format(item, inner)}`],
      )
  const body = items.map((item) => `\n${inner}${item}`).join(',')
  return isList ? `[${body}\n${indent}]` : `{${body}\n${indent}}`
}
