import { execFile, spawn } from 'node:child_process'
import { chmod, chown, copyFile, readdir, readFile, writeFile } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EngineError } from '../base/engine-error.ts'
import { logTo, SILENT_LOG } from '../base/log.ts'
import { reservePort } from '../host/reserved-port.ts'
import { scratchDirectory } from '../testing/scratch.ts'
import { startServer, type TestServer } from '../testing/servers.ts'
import { type ConnectionSettings, openSession } from './connection.ts'

const signal = new AbortController().signal
const CLI = path.join(import.meta.dirname, '..', 'cli', 'main.ts')
const run = promisify(execFile)
const hasOpenssl = await run('openssl', ['version']).then(
  () => true,
  () => false,
)
const whyNoOpenssl = hasOpenssl ? '' : ' (skipped: there is no openssl to make a certificate with)'
const isWindows = process.platform === 'win32'
const whyNoSocket = isWindows ? ' (skipped: not on Windows)' : ''
const whyNoProc = process.platform === 'linux' ? '' : ' (skipped: only Linux shows command lines in /proc)'

const ANYBODY = ['host all all 127.0.0.1/32 scram-sha-256', 'host replication all 127.0.0.1/32 scram-sha-256']

describe('a connection', () => {
  const disposals = new AsyncDisposableStack()
  let root: string
  let server: TestServer

  beforeAll(async () => {
    root = disposals.use(await scratchDirectory('connection')).path
    server = disposals.use(await startServer(root))
    await server.run('postgres', "create role visitor login password 'guest'", 'create role stranger login')
    await allow(server, 'host all stranger all reject', ...ANYBODY)
  })
  afterAll(() => disposals.disposeAsync())

  const open = async (changes: Partial<ConnectionSettings>): Promise<void> => {
    await using _session = await openSession(
      { ...server.connection(), ...changes },
      { signal, log: SILENT_LOG },
    )
  }
  const failureOf = async (attempt: Promise<unknown>) => {
    const thrown: unknown = await attempt.then(
      () => undefined,
      (failure: unknown) => failure,
    )
    if (!(thrown instanceof EngineError)) throw new Error(`not refused by the engine: ${String(thrown)}`)
    return { code: thrown.code, message: thrown.message, hint: thrown.hint, remedy: thrown.facts?.['remedy'] }
  }

  test('to a port where nothing listens says so', async () => {
    using reserved = await reservePort()
    const { port } = reserved

    expect(await failureOf(open({ port }))).toEqual({
      code: 'server.unreachable',
      message: `nothing listens on 127.0.0.1:${port}`,
      hint: 'Check that the server runs, its port and its listen_addresses.',
      remedy: undefined,
    })
  })

  test.each([
    ['a wrong password', { password: 'wrong' }],
    ['no such role', { user: 'nobody_of_that_name' }],
  ])('with %s is refused as such', async (_what, changes) => {
    const { code, message, hint } = await failureOf(open(changes))

    expect(code).toBe('server.auth-failed')
    expect(message).toMatch(/^the server refuses the password of "/)
    expect(hint).toBe('Give the password again, or put it into .pgpass.')
  })

  test('without any password asks for one', async () => {
    const { code, message } = await failureOf(
      open({ password: undefined, env: { PGPASSFILE: path.join(root, 'none') } }),
    )

    expect({ code, message }).toEqual({
      code: 'server.auth-failed',
      message: 'the server wants a password for "postgres"',
    })
  })

  test('that pg_hba.conf rejects comes with the line that would allow it', async () => {
    const { code, hint, remedy } = await failureOf(open({ user: 'stranger' }))

    expect(code).toBe('server.auth-failed')
    expect(hint).toContain('pg_hba.conf')
    expect(remedy).toBe('host  postgres  stranger  127.0.0.1/32  scram-sha-256')
  })

  test('to a database that is not there says that any other will do', async () => {
    expect(await failureOf(open({ database: 'nowhere' }))).toEqual({
      code: 'server.no-database',
      message: 'the database "nowhere" does not exist',
      hint: 'Name another database; which one does not matter, the whole cluster is backed up.',
      remedy: undefined,
    })
  })

  test('of a role without the rights for a backup is denied by name', async () => {
    await using session = await openSession(
      { ...server.connection(), user: 'visitor', password: 'guest' },
      { signal, log: SILENT_LOG },
    )

    const { code, message, hint } = await failureOf(
      session.query("select pg_catalog.pg_backup_start('x', true)"),
    )

    expect({ code, message }).toEqual({
      code: 'server.denied',
      message: 'permission denied for function pg_backup_start',
    })
    expect(hint).toContain('"visitor"')
  })

  test('takes its password from a .pgpass that only its owner can read', async () => {
    const file = path.join(root, 'pgpass')
    await writeFile(
      file,
      `127.0.0.1:1:*:postgres:wrong\n127.0.0.1:${server.port}:*:postgres:${server.password}\n`,
      { mode: 0o600 },
    )
    const settings = { ...server.connection(), password: undefined, env: { PGPASSFILE: file } }
    const warnings: string[] = []
    const log = logTo(({ level, message }) => void (level === 'warning' && warnings.push(message)))

    await using session = await openSession(settings, { signal, log })
    expect(session.user).toBe('postgres')
    expect(warnings).toEqual([])

    await chmod(file, 0o644)
    const { code } = await failureOf(openSession(settings, { signal, log }))
    expect(code).toBe('server.auth-failed')
    expect(warnings).toEqual([`the password file "${file}" is not used: others may read it (chmod 0600)`])
  })

  test.skipIf(isWindows)(`goes through a Unix socket${whyNoSocket}`, async () => {
    // The servers here listen on ports alone: what comes through the socket is handed on.
    const socket = net.createServer((near) => {
      const far = net.connect(server.port, '127.0.0.1')
      near.pipe(far).pipe(near)
    })
    await new Promise<void>((resolve) => socket.listen(path.join(root, `.s.PGSQL.${server.port}`), resolve))
    try {
      await using session = await openSession(
        { ...server.connection(), host: root },
        { signal, log: SILENT_LOG },
      )
      const sleeping = session.query('select pg_catalog.pg_sleep(60)', [], { timeoutMs: 50 })
      await expect(sleeping).rejects.toMatchObject({ code: 'run.timeout' })
      // Only after it was cancelled the server has time for another.
      const { rows } = await session.query('select 1 as one', [], { timeoutMs: 5000 })
      expect(rows).toEqual([{ one: 1 }])
    } finally {
      socket.close()
    }
  })

  describe(`with TLS${whyNoOpenssl}`, () => {
    let certificate: string

    beforeAll(async () => {
      if (!hasOpenssl) return
      certificate = path.join(root, 'own.crt')
      await makeCertificate(root, 'own', 'subjectAltName=IP:127.0.0.1')
      await makeCertificate(root, 'other', 'subjectAltName=IP:127.0.0.1')
      await makeCertificate(root, 'elsewhere', 'subjectAltName=DNS:db.example.org')
      await useCertificate(server, root, 'own')
      await server.run('postgres', 'alter system set ssl = on', 'select pg_reload_conf()')
      await allow(server, 'hostssl all all 127.0.0.1/32 scram-sha-256')
    })

    const isEncrypted = async (changes: Partial<ConnectionSettings>): Promise<unknown> => {
      await using session = await openSession(
        { ...server.connection(), ...changes },
        { signal, log: SILENT_LOG },
      )
      const { rows } = await session.query(
        'select ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()',
      )
      return rows[0]?.['ssl']
    }

    test.skipIf(!hasOpenssl)(
      'is encrypted with prefer and require, which ask for no certificate',
      async () => {
        expect(await isEncrypted({ sslMode: 'prefer' })).toBe(true)
        expect(await isEncrypted({ sslMode: 'require' })).toBe(true)
      },
    )

    test.skipIf(!hasOpenssl)(
      'is refused without it where the server wants it, and the hint says so',
      async () => {
        const { code, hint } = await failureOf(open({ sslMode: 'disable' }))

        expect(code).toBe('server.auth-failed')
        expect(hint).toContain('sslmode=require')
      },
    )

    test.skipIf(!hasOpenssl)('is verified against the root certificate that is given', async () => {
      expect(await isEncrypted({ sslMode: 'verify-full', sslRootCert: certificate })).toBe(true)
      expect(await isEncrypted({ sslMode: 'verify-ca', sslRootCert: certificate })).toBe(true)
    })

    test.skipIf(!hasOpenssl).each([
      ['no root certificate', () => undefined],
      ['the root certificate of another', () => path.join(root, 'other.crt')],
    ])('fails clearly with verify-full and %s', async (_what, sslRootCert) => {
      const { code, message, hint } = await failureOf(
        open({ sslMode: 'verify-full', sslRootCert: sslRootCert() }),
      )

      expect(code).toBe('server.unreachable')
      expect(message).toMatch(/^no secure connection to 127\.0\.0\.1:\d+: .*certificate/)
      expect(hint).toBe('Check sslmode and the root certificate.')
    })

    test.skipIf(!hasOpenssl)('fails clearly when the root certificate cannot be read', async () => {
      const missing = path.join(root, 'missing.crt')
      const { code, message } = await failureOf(open({ sslMode: 'verify-ca', sslRootCert: missing }))

      expect(code).toBe('storage.not-found')
      expect(message).toContain(missing)
    })

    test.skipIf(!hasOpenssl)('checks the name with verify-full, and not with verify-ca', async () => {
      await useCertificate(server, root, 'elsewhere')
      await server.run('postgres', 'select pg_reload_conf()')
      const sslRootCert = path.join(root, 'elsewhere.crt')

      const { code, message } = await failureOf(open({ sslMode: 'verify-full', sslRootCert }))
      expect(code).toBe('server.unreachable')
      expect(message).toContain('127.0.0.1')
      expect(await isEncrypted({ sslMode: 'verify-ca', sslRootCert })).toBe(true)
    })
  })

  describe('from the command line', () => {
    let catalog: string
    let connection: readonly string[]
    const backUp = (env: Readonly<Record<string, string>>, ...words: readonly string[]) =>
      tidemark(['backup', '-B', catalog, '--instance=main', '-b', 'FULL', '--stream', ...words], env)

    beforeAll(async () => {
      await allow(server, ...ANYBODY)
      catalog = path.join(root, 'catalog')
      connection = ['-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres', '-d', 'postgres']
      const added = [
        await tidemark(['init', '-B', catalog], {}),
        await tidemark(['add-instance', '-B', catalog, '--instance=main', ...connection], {
          PGPASSWORD: server.password,
        }),
      ]
      expect(added.map(({ status }) => status)).toEqual([0, 0])
    })

    test.skipIf(whyNoProc !== '')(
      `leaves the password on no command line, in no log and nowhere in the catalog${whyNoProc}`,
      async () => {
        const logs = path.join(root, 'logs')
        const loud = ['--log-level-console=verbose', '--log-level-file=verbose', `--log-directory=${logs}`]
        const pgpass = path.join(root, 'pgpass-cli')
        await writeFile(pgpass, `127.0.0.1:${server.port}:*:postgres:${server.password}\n`, { mode: 0o600 })

        const outcomes = [
          await backUp({ PGPASSWORD: server.password }, ...loud),
          await backUp({ PGPASSFILE: pgpass }, ...loud, ...connection),
          await backUp({ PGPASSWORD: `${server.password}-wrong` }, ...loud, '-w'),
        ]

        expect(outcomes.map(({ status }) => status)).toEqual([0, 0, 1])
        for (const { output, commandLines } of outcomes) {
          expect(commandLines.join('\n')).toContain(catalog)
          expect(commandLines.join('\n')).not.toContain(server.password)
          expect(output).not.toContain(server.password)
        }
        expect(await filesWith(logs, 'completed')).not.toEqual([])
        expect(await filesWith(logs, server.password)).toEqual([])
        expect(await filesWith(catalog, server.password)).toEqual([])
      },
    )

    test('that is refused for replication alone ends the backup at once, with what to allow', async () => {
      await allow(server, ANYBODY[0] ?? '')

      const { status, output } = await backUp({ PGPASSWORD: server.password })

      expect(status).toBe(1)
      expect(output).toContain('no pg_hba.conf entry for replication connection')
      expect(output).toContain('HINT: Allow the connection in pg_hba.conf')
      // Well before a backup gives up waiting for WAL, which is five minutes.
    })
  })
})

/** Replaces pg_hba.conf. */
async function allow(server: TestServer, ...lines: readonly string[]): Promise<void> {
  await writeFile(path.join(server.dataDirectory, 'pg_hba.conf'), `${lines.join('\n')}\n`)
  await server.run('postgres', 'select pg_reload_conf()')
}

async function makeCertificate(directory: string, name: string, extension: string): Promise<void> {
  const place = (ending: string): string => path.join(directory, `${name}.${ending}`)
  const kind = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(' ')
  const subject = ['-subj', `/CN=${name}`, '-addext', extension]
  await run('openssl', [...kind, ...subject, '-keyout', place('key'), '-out', place('crt')])
}

async function useCertificate(server: TestServer, directory: string, name: string): Promise<void> {
  for (const ending of ['crt', 'key']) {
    const target = path.join(server.dataDirectory, `server.${ending}`)
    await copyFile(path.join(directory, `${name}.${ending}`), target)
    await chmod(target, 0o600)
    if (server.owner !== undefined) await chown(target, server.owner.uid, server.owner.gid)
  }
}

/** Runs the command line as a process of its own, and keeps what everybody on the machine can see of it meanwhile. */
async function tidemark(words: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [CLI, ...words], {
    env: { PATH: process.env['PATH'], HOME: path.join(import.meta.dirname, 'no-home'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const commandLines: string[] = []
  let output = ''
  let looking = lookAt(child.pid, commandLines)
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      looking = looking.then(() => lookAt(child.pid, commandLines))
    })
  }
  const status = await ended
  await looking
  return { status, output, commandLines }
}

/** Adds the command lines of a process and of everything that it started; one that has ended has none. */
async function lookAt(pid: number | undefined, commandLines: string[]): Promise<void> {
  const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  if (words === '') return
  commandLines.push(words.replaceAll('\0', ' '))
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => [])
  for (const task of tasks) {
    const children = await readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')
    for (const one of children.split(' ').filter((text) => text !== ''))
      await lookAt(Number(one), commandLines)
  }
}

async function filesWith(directory: string, text: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const found: string[] = []
  for (const entry of entries.filter((one) => one.isFile())) {
    const file = path.join(entry.parentPath, entry.name)
    if ((await readFile(file)).includes(text)) found.push(file)
  }
  return found
}
