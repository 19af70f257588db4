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
  return name === '' ? 'main' : name
}
