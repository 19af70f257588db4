import { readFile } from 'node:fs/promises'

/** Marks the fuses in every Electron binary; see @electron/fuses. Followed by a version, a length, and the states. */
const SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'

/** The order of the fuses in the binary, by their names in electron-builder. */
const ORDER = [
  'runAsNode',
  'enableCookieEncryption',
  'enableNodeOptionsEnvironmentVariable',
  'enableNodeCliInspectArguments',
  'enableEmbeddedAsarIntegrityValidation',
  'onlyLoadAppFromAsar',
  'loadBrowserProcessSpecificV8Snapshot',
  'grantFileProtocolExtraPrivileges',
] as const

/** What the packaged application must not and must be able to do. */
export const WANTED_FUSES: Readonly<Record<(typeof ORDER)[number], boolean>> = {
  runAsNode: false,
  enableCookieEncryption: true,
  enableNodeOptionsEnvironmentVariable: false,
  enableNodeCliInspectArguments: false,
  enableEmbeddedAsarIntegrityValidation: true,
  onlyLoadAppFromAsar: true,
  loadBrowserProcessSpecificV8Snapshot: false,
  grantFileProtocolExtraPrivileges: false,
}

/** Bytes that pass for the fuses of a binary, each in the opposite state of the wanted one: one left alone shows. */
export function unblownFuses(): Buffer {
  const states = ORDER.map((name) => (WANTED_FUSES[name] ? '0' : '1')).join('')
  return Buffer.concat([Buffer.from(SENTINEL), Buffer.from([1, ORDER.length]), Buffer.from(states)])
}

/** The fuses of a binary. Throws when it has none. */
export async function readFuses(file: string): Promise<Readonly<Record<string, boolean>>> {
  const bytes = await readFile(file)
  const at = bytes.indexOf(SENTINEL)
  if (at === -1) throw new Error(`${file} has no fuses`)
  const states = bytes.subarray(at + SENTINEL.length + 2)
  return Object.fromEntries(ORDER.map((name, index) => [name, states[index] === '1'.charCodeAt(0)]))
}
