import type { ServerFacts } from '../server/postgres/facts.ts'
import type { ServerStatus } from './contract/instances.ts'

/** What the server says of itself, as the contract shows it. */
export function serverStatus(facts: ServerFacts, registeredIdentifier: string | undefined): ServerStatus {
  return {
    product: 'PostgreSQL',
    version: facts.versionText,
    major: facts.major,
    role: facts.isInRecovery ? 'standby' : 'primary',
    dataDirectory: facts.dataDirectory,
    systemIdentifier: String(facts.systemIdentifier),
    timeline: facts.timeline,
    hasChecksums: facts.hasChecksums,
    walLevel: facts.walLevel,
    archiveMode: facts.archiveMode,
    databases: facts.databases.map(({ name }) => name),
    tablespaces: facts.tablespaces.map(({ name, location }) => ({ name, location })),
    missingRights: facts.missingRights,
    isRegisteredCluster:
      registeredIdentifier === undefined || registeredIdentifier === String(facts.systemIdentifier),
  }
}
