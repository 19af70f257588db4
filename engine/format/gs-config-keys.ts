/**
 * Keys of `pg_probackup.conf` that gs_probackup alone knows. Tidemark leaves their lines as they are, and pg_probackup
 * stops at a file that has one. Source: `catalog-format.md` section 15.
 */
const GS_CONFIG_KEYS: ReadonlySet<string> = new Set([
  'remote-libpath',
  'enable-dss',
  'vgname',
  'socketpath',
  'instance-id',
  'access-id',
  'access-key',
  'endpoint',
  'region',
  'access-bucket',
])

/** Credentials of an object store, which are never shown. */
const SECRETS: ReadonlySet<string> = new Set(['access-id', 'access-key'])

/** Whether gs_probackup alone knows a key, as `parseIni` spells it. */
export function isGsConfigKey(key: string): boolean {
  return GS_CONFIG_KEYS.has(key)
}

/** Whether the value of a key is never to be shown: those that are known, and whatever sounds like one. */
export function isSecretConfigKey(key: string): boolean {
  return SECRETS.has(key) || /passw|secret|token|(^|-)key$/.test(key)
}
