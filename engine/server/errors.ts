import { EngineError } from '../base/engine-error.ts'

type Place = {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly sslMode?: string
}

/** Turns what the driver throws into a failure that says which step failed and what to do. */
export function mapServerError(thrown: unknown, to: Place): unknown {
  if (thrown instanceof EngineError || !(thrown instanceof Error)) return thrown
  if (thrown.name === 'AbortError') return thrown
  const where = to.host.startsWith('/')
    ? `the socket ${to.host}/.s.PGSQL.${to.port}`
    : `${to.host}:${to.port}`
  const code = 'code' in thrown ? String(thrown.code) : ''
  const cause = thrown
  const facts = { host: to.host, port: String(to.port), user: to.user, database: to.database }
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new EngineError('server.unreachable', `the host name "${to.host}" is not known`, {
        hint: 'Check the spelling, or give the address.',
        cause,
        facts,
      })
    case 'ECONNREFUSED':
    case 'ENOENT':
      return new EngineError('server.unreachable', `nothing listens on ${where}`, {
        hint: 'Check that the server runs, its port and its listen_addresses.',
        cause,
        facts,
      })
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new EngineError('server.unreachable', `${where} does not answer`, {
        hint: 'Check the address and the firewalls between.',
        cause,
        facts,
      })
    case '28P01':
      return new EngineError('server.auth-failed', `the server refuses the password of "${to.user}"`, {
        hint: 'Give the password again, or put it into .pgpass.',
        cause,
        facts,
      })
    case '28000':
      return new EngineError('server.auth-failed', `the server refuses "${to.user}": ${thrown.message}`, {
        hint:
          to.sslMode === 'disable'
            ? 'If the server wants TLS, connect with sslmode=require; else allow the connection in pg_hba.conf.'
            : 'Allow the connection in pg_hba.conf and reload the server.',
        cause,
        facts: { ...facts, remedy: hbaLine(to, thrown.message) },
      })
    case '3D000':
      return new EngineError('server.no-database', `the database "${to.database}" does not exist`, {
        hint: 'Name another database; which one does not matter, the whole cluster is backed up.',
        cause,
        facts,
      })
    case '42501':
      return new EngineError('server.denied', thrown.message, {
        hint: `Let a superuser grant "${to.user}" what is missing; the probe of the instance lists it.`,
        cause,
        facts,
      })
    case '57014':
      return new EngineError('run.cancelled', 'the server cancelled the statement', { cause, facts })
    case '57P01':
    case '57P02':
    case '57P03':
    case 'ECONNRESET':
    case 'EPIPE':
      return new EngineError(
        'server.connection-lost',
        `the connection to ${where} broke: ${thrown.message}`,
        {
          hint: 'Look at the log of the server for why it ended, then try again.',
          cause,
          facts: code.startsWith('57P') ? { ...facts, sqlState: code } : facts,
        },
      )
  }
  if (/^[0-9A-Z]{5}$/.test(code)) {
    return new EngineError('server.query-failed', thrown.message, {
      cause,
      facts: { ...facts, sqlState: code },
    })
  }
  if (/timeout expired/i.test(thrown.message)) {
    return new EngineError('server.unreachable', `${where} does not answer`, {
      hint: 'Check the address and the firewalls between.',
      cause,
      facts,
    })
  }
  if (/terminated|closed|not queryable/i.test(thrown.message)) {
    return new EngineError('server.connection-lost', `the connection to ${where} broke`, {
      hint: 'Look at the log of the server for why it ended, then try again.',
      cause,
      facts,
    })
  }
  if (/password|SASL|SCRAM/i.test(thrown.message)) {
    return new EngineError('server.auth-failed', `the server wants a password for "${to.user}"`, {
      hint: 'Give the password, or put it into .pgpass.',
      cause,
      facts,
    })
  }
  if (/certificate|SSL|TLS|self-signed|hostname/i.test(`${code} ${thrown.message}`)) {
    return new EngineError('server.unreachable', `no secure connection to ${where}: ${thrown.message}`, {
      hint: 'Check sslmode and the root certificate.',
      cause,
      facts,
    })
  }
  return new EngineError('server.unreachable', `no connection to ${where}: ${thrown.message}`, {
    cause,
    facts,
  })
}

/** The line that would let this connection in. The server names the address it saw. */
function hbaLine(to: Place, message: string): string {
  const address = /host "([^"]+)"/.exec(message)?.[1]
  const database = message.includes('replication connection') ? 'replication' : to.database
  return address === undefined || address === '[local]'
    ? `local  ${database}  ${to.user}  scram-sha-256`
    : `host  ${database}  ${to.user}  ${address}/${address.includes(':') ? 128 : 32}  scram-sha-256`
}
