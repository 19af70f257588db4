#!/usr/bin/env node

// Nothing is imported before the version is known to be new enough to understand it.
const OLDEST_NODE = 24
const [major = 0] = process.versions.node.split('.').map(Number)
if (major < OLDEST_NODE) {
  process.stderr.write(
    `ERROR: Tidemark needs Node.js ${OLDEST_NODE} or newer, and this is ${process.versions.node}\n` +
      'HINT: Install a newer Node.js, or run "npx tidemark" in the project, which brings its own.\n',
  )
  process.exitCode = 1
} else {
  await keepCompiled()
  const { main } = await import('./process-world.ts')
  process.exitCode = await main(process.argv.slice(2))
}

/** Keeps what is compiled for the next start, which is then four times as fast. Threads look at the variable too. */
async function keepCompiled(): Promise<void> {
  const { existsSync } = await import('node:fs')
  const { enableCompileCache } = await import('node:module')
  const { homedir } = await import('node:os')
  const { join } = await import('node:path')
  const home = homedir()
  // A directory of this user's own: whoever can write to it decides what runs here. A user without a home gets none.
  if (!existsSync(home)) return
  process.env['NODE_COMPILE_CACHE'] ??= join(
    process.env['XDG_CACHE_HOME'] ?? join(home, '.cache'),
    'tidemark',
  )
  enableCompileCache()
}
