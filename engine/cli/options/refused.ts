import type { CommandName } from '../command-list.ts'
import type { RefusedOption } from './option.ts'
import { CALLED_BY_SERVER, ON_CATALOG, SAVES } from './shared.ts'

const REMOTE = 'this version works on the machine of the cluster and of the catalog only'
const MASTER = 'it is out of date; give the connection of the server that is backed up'
const OPENGAUSS = 'this version backs up PostgreSQL only'
const WITH_SERVER: readonly CommandName[] = ['backup', 'restore', ...SAVES, ...CALLED_BY_SERVER]
/** set-config keeps for other tools what this version has no use for. */
const USING_SERVER = WITH_SERVER.filter((command) => command !== 'set-config')

/** Every option that scripts of the tool's family may hold and that this version cannot honour. */
export const REFUSED_OPTIONS: readonly RefusedOption[] = [
  { ...refuse('perm-slot', ['backup'], 'make the slot on the server and name it with --slot'), short: 'P' },
  refuseValue('db-include', ['validate'], 'this version validates whole backups'),
  refuseValue('db-exclude', ['validate'], 'this version validates whole backups'),
  refuseValue('recovery-target-action', ['validate'], 'it changes nothing about whether a target is reached'),
  refuseValue('log-format-console', ['set-config'], 'it can be given on the command line only'),
  ...[
    'remote-proto',
    'remote-host',
    'remote-port',
    'remote-path',
    'remote-user',
    'ssh-options',
    'ssh-config',
    'archive-host',
    'archive-port',
    'archive-user',
  ].map((long) => refuseValue(long, USING_SERVER, REMOTE)),
  refuseValue('remote-libpath', WITH_SERVER, REMOTE),
  ...['master-db', 'master-host', 'master-port', 'master-user', 'replica-timeout'].map((long) =>
    refuseValue(long, ['backup', 'add-instance'], MASTER),
  ),
  { ...refuseValue('rw-timeout', WITH_SERVER, OPENGAUSS), short: 't' },
  { ...refuseValue('media-type', ON_CATALOG, OPENGAUSS), short: 'M' },
  ...[
    's3-status',
    'access-id',
    'access-key',
    'access-bucket',
    'endpoint',
    'region',
    'vgname',
    'socketpath',
    'instance-id',
    'with-key',
    'with-salt',
    'with-device-params',
  ].map((long) => refuseValue(long, ON_CATALOG, OPENGAUSS)),
  ...['enable-dss', 'with-encryption', 'gen-key'].map((long) => refuse(long, ON_CATALOG, OPENGAUSS)),
]

function refuse(long: string, commands: readonly CommandName[], reason: string): RefusedOption {
  return { long, hasValue: false, commands, reason }
}

function refuseValue(long: string, commands: readonly CommandName[], reason: string): RefusedOption {
  return { long, hasValue: true, commands, reason }
}
