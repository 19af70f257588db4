/** Directory names that say nothing of what lies in them. */
const DULL = new Set([
  'data',
  'pgdata',
  'main',
  'db',
  'pg',
  'postgresql',
  'postgres',
  'pgsql',
  'lib',
  'var',
  'srv',
  '',
])
const SYSTEM_DATABASES = new Set(['postgres', 'template0', 'template1'])

/** No instance may have a longer name. */
const LONGEST_BYTES = 200

/** A name for a cluster that has none yet: the last part of its directory that says something, or its first database. */
export function suggestName(dataDirectory: string | undefined, databases: readonly string[]): string {
  const parts = (dataDirectory ?? '').split(/[/\\]/).toReversed()
  const fromPath = parts.find(
    (part) => !DULL.has(part.toLowerCase()) && !/^\d+(\.\d+)?$/.test(part) && !part.startsWith('.'),
  )
  const fromDatabases = databases.find((name) => !SYSTEM_DATABASES.has(name))
  const name = (fromDatabases ?? fromPath ?? 'main')
    .replaceAll(/[^\p{L}\p{N}_-]/gu, '-')
    .replace(/^[-.]+/, '')
  return name === '' ? 'main' : beginningOf(name)
}

/** As many whole characters as there is room for. */
function beginningOf(name: string): string {
  return name.slice(0, new TextEncoder().encodeInto(name, new Uint8Array(LONGEST_BYTES)).read)
}
